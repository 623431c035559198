import { connectAsync } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { Stage, eventually } from '../../../src/testing/transport-stage.ts'
import { freePorts } from '../../harness/loopback.ts'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { available } from '../../harness/tools.ts'
import { mqttCluster, ownPattern } from './mqtt-cluster.ts'

endProcessesAfterEach()

const stages: Stage[] = []
afterEach(() => Promise.all(stages.splice(0).map((stage) => stage.close())))

function stageAt(urls: readonly string[], chosen: Partial<Parameters<typeof mqttCluster>[0]> = {}) {
  const stage = new Stage(mqttCluster({ urls, ...chosen }))
  stages.push(stage)
  return stage
}

describe.runIf(available('faults of a broker', 'mosquitto'))('at a real broker', () => {
  it('a message that is larger than its packets arrives whole and in order', async () => {
    const broker = await Mosquitto.start({ lines: ['max_packet_size 20000'] })
    const stage = stageAt([broker.url])
    const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
    b.call((transport) => transport.subscribe('table/T/'))
    await stage.path(a, b, 'table/T/')
    const texts = ['x'.repeat(200_000), 'small', 'y'.repeat(1_000_000)]
    for (const text of texts) a.send('table/T/', text)
    await eventually('the last', () => b.texts('table/T/').includes(texts.at(-1) ?? ''))
    expect(b.texts('table/T/').filter((text) => !text.startsWith('beacon '))).toEqual(texts)
  })

  it('what somebody has retained on a topic of updates is not taken for an update', async () => {
    const broker = await Mosquitto.start()
    const queueNamePattern = ownPattern()
    const foreign = await connectAsync(broker.url.replace('tcp:', 'mqtt:'))
    const topic = queueNamePattern.replace('{{TABLE_NAME}}', 'T')
    await foreign.publishAsync(topic, 'old', { retain: true, qos: 1 })
    const stage = stageAt([broker.url], { queueNamePattern })
    const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
    b.call((transport) => transport.subscribe('table/T/'))
    await stage.path(a, b, 'table/T/')
    expect(b.texts('table/T/')).not.toContain('old')
    await foreign.endAsync()
  })

  it('while all tables are wanted an update comes once, and one of a table when they no longer are', async () => {
    const broker = await Mosquitto.start()
    const stage = stageAt([broker.url], { protocolVersion: 4 })
    const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
    for (const prefix of ['table/T/', 'table/']) b.call((transport) => transport.subscribe(prefix))
    await stage.path(a, b, 'table/T/')
    for (let number = 0; number < 50; number++) a.send('table/T/', `number ${number}`)
    await eventually('the last', () => b.texts('table/T/').includes('number 49'))
    const numbers = b.texts('table/T/').filter((text) => text.startsWith('number '))
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, number) => `number ${number}`))
    b.call((transport) => transport.unsubscribe('table/'))
    await stage.path(a, b, 'table/T/')
  })

  it('the next broker is taken where the first does not answer', async () => {
    const [dead] = await freePorts('127.0.0.1', 1)
    const broker = await Mosquitto.start()
    const stage = stageAt([`tcp://127.0.0.1:${dead}`, broker.url])
    const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
    b.call((transport) => transport.subscribe('table/T/'))
    await stage.path(a, b, 'table/T/')
  })

  it('where no broker answers the error names it, and why', async () => {
    const [dead] = await freePorts('127.0.0.1', 1)
    const stage = stageAt([`tcp://me:hunter2@127.0.0.1:${dead}`], { clusterTimeoutMs: 300 })
    const opened = stage.open('A')
    await expect(opened).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    await expect(opened).rejects.toThrow(new RegExp(`tcp://127.0.0.1:${dead} .*ECONNREFUSED`))
    await expect(opened).rejects.not.toThrow('hunter2')
  })

  it.each([4, 5] as const)(
    'a broker that does not know us says so at once, protocol %i',
    async (version) => {
      const broker = await Mosquitto.start({ lines: ['allow_anonymous false'] })
      const stage = stageAt([broker.url], { protocolVersion: version, username: 'nobody' })
      await expect(stage.open('A')).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    },
  )

  it('another cluster at the same topics is refused', async () => {
    const broker = await Mosquitto.start()
    const queueNamePattern = ownPattern()
    await stageAt([broker.url], { queueNamePattern, cluster: 'DEV' }).open('A')
    const other = stageAt([broker.url], { queueNamePattern, cluster: 'UAT' })
    await expect(other.open('B')).rejects.toMatchObject({ code: 'MODE_MISMATCH' })
  })
})
