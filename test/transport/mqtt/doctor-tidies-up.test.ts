// What `tidings doctor` does at a broker that others use: it takes away what it tries, and keeps nothing of theirs.
import { randomBytes } from 'node:crypto'
import { createServer as createWebServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { connect, connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { ProbeClient } from '../../../src/transport/mqtt/check/probe-client.ts'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { Child, repository } from '../../harness/child.ts'
import { eventually } from '../../harness/eventually.ts'
import { liveHeapBytes } from '../../harness/live-heap.ts'
import { freePorts } from '../../harness/loopback.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { retainedAt } from '../../harness/retained.ts'
import { startCommand } from '../../harness/run-command.ts'
import { available } from '../../harness/tools.ts'
import { definitionFileFor } from './broker-definition.ts'
import { examinedAt, reachedAt, toldOf } from './examined-broker.ts'
import { mqttOptions } from './mqtt-cluster.ts'

endProcessesAfterEach()

it('a broker that ends the connection at what it refuses says nothing of the topics behind it', async () => {
  const forbidden = /\/status\/|\/figures$/
  const aedes = await Aedes.createBroker({
    authorizePublish: (client, { topic }, done) =>
      done(client !== null && forbidden.test(topic) ? new Error('no') : null),
  })
  const server = createServer({ noDelay: true }, aedes.handle)
  const [port = 0] = await freePorts('127.0.0.1', 1)
  server.listen(port, '127.0.0.1')
  const told = toldOf(await examinedAt(`tcp://127.0.0.1:${port}`), 'access').split('\n')
  expect(told).toHaveLength(1)
  expect(told[0]).toContain(
    'is cut off by the broker where it publishes on genesis/database/~/status/+, genesis/database/~/figures →',
  )
  server.close()
  await new Promise<void>((resolve) => aedes.close(() => resolve()))
})

it('a port at which a web page answers does not speak MQTT', async () => {
  const [port = 0] = await freePorts('127.0.0.1', 1)
  const web = createWebServer().listen(port, '127.0.0.1')
  expect(await reachedAt(`tcp://127.0.0.1:${port}`)).toMatch(
    /^problem: what answers at tcp:\/\/127\.0\.0\.1:\d+ does not speak MQTT .* → let MqttBrokerUrl name the port/,
  )
  await new Promise((resolve) => web.close(resolve))
})

describe.runIf(available('doctor tidies up', 'mosquitto'))('at Mosquitto', () => {
  it('of what others publish meanwhile nothing is kept', async () => {
    const broker = await Mosquitto.start()
    const { url } = broker
    const { qos: _, ...options } = mqttOptions({ urls: [url] })
    const client = await ProbeClient.open(connect, url, { ...options, will: null }, 5)
    if ('code' in client) throw new Error(client.message)
    await client.subscribe('others', 0)
    const comes = client.expect(({ payload }) => payload.toString() === 'last')
    const other = await connectAsync(url.replace('tcp:', 'mqtt:'))
    const before = liveHeapBytes()
    for (let message = 0; message < 64; message += 1)
      await other.publishAsync('others', randomBytes(256 * 1024), { qos: 1 })
    await other.publishAsync('others', 'last', { qos: 1 })
    expect(await comes()).toBe(true)
    // 16 MiB have come.
    expect(liveHeapBytes() - before).toBeLessThan(8 * 1024 * 1024)
    await other.endAsync()
    await client.end()
  })

  it.each([
    ['SIGINT', 'roster', { code: 130 }],
    ['SIGTERM', 'gone', { code: 143 }],
    // The broker itself takes it away.
    ['SIGKILL', 'roster', { signal: 'SIGKILL' }],
  ] as const)('ended by %s while it tries %s, it leaves nothing', async (...row) => {
    const [signal, kind, ending] = row
    const broker = await Mosquitto.start()
    // The way is long, so that it cannot have done all before the signal.
    const delaying = join(repository, 'test', 'harness', 'delaying-proxy.ts')
    const way = new Child({
      name: 'way',
      arguments: [delaying, '20', '127.0.0.2', '127.0.0.1', String(broker.port)],
      ipc: false,
    })
    await way.says(/^ready/m)
    const client = await connectAsync(broker.url.replace('tcp:', 'mqtt:'), { protocolVersion: 5 })
    const file = definitionFileFor([{ url: broker.url.replace('127.0.0.1', '127.0.0.2') }])
    const doctor = startCommand(['doctor', '--definition', file])
    client.on('message', (_topic, payload, { retain }) => {
      if (retain && payload.length > 0) doctor.signal(signal)
    })
    await client.subscribeAsync(`genesis/database/~/${kind}/+`, { qos: 0, rap: true })
    expect(await doctor.ended).toMatchObject(ending)
    await eventually('nothing to be kept', async () => (await retainedAt(broker.url)).length === 0)
    await client.endAsync()
  })
})
