// Commands of people where the processes meet at a broker: what they say, and what `tidings gateway` knows of the cluster.
import { renameSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ClusterSnapshot } from '../../../src/model/cluster-snapshot.ts'
import { queryOnDemand } from '../../../src/cli/cluster-query.ts'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { eventually } from '../../harness/eventually.ts'
import { freePorts } from '../../harness/loopback.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { startCommand } from '../../harness/run-command.ts'
import { available } from '../../harness/tools.ts'
import { definitionFileFor, definitionFor, openProcess } from './broker-definition.ts'

endProcessesAfterEach()

describe.runIf(available('commands at Mosquitto', 'mosquitto'))('commands at a broker', () => {
  it.each([
    ['tail', 'TRADE'],
    ['publish', 'TRADE', '{"TRADE_ID":"T1"}'],
  ])('tidings %s names the broker that it waits for', async (...words) => {
    const broker = await Mosquitto.start()
    await broker.end()
    const child = startCommand([...words, '--definition', definitionFileFor([broker])])
    await child.says(new RegExp(`^looking for the MQTT broker at ${broker.url}$`, 'm'))
    await child.end('SIGTERM')
    expect(child.log).not.toContain('GENESIS_CLUSTER')
  })

  it('tidings tail names the broker that is away', async () => {
    const broker = await Mosquitto.start()
    const tail = startCommand(['tail', 'TRADE', '--definition', definitionFileFor([broker])])
    await tail.says(/^ready$/m)
    await broker.end('SIGKILL')
    await tail.says(
      new RegExp(`^the MQTT broker at ${broker.url} cannot be reached; going on$`, 'm'),
    )
    await broker.start()
    await tail.says(new RegExp(`^the MQTT broker at ${broker.url} is back$`, 'm'))
    await tail.end('SIGTERM')
  })

  it('who could ask nobody at first asks anew', async () => {
    const broker = await Mosquitto.start()
    await broker.end()
    const file = definitionFileFor([broker])
    renameSync(file, `${file}.later`)
    await using query = queryOnDemand({ definition: [file] })
    await expect(query.ask()).rejects.toMatchObject({ code: 'DEFINITION_INVALID' })
    renameSync(`${file}.later`, file)
    await expect(query.ask()).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    await broker.start()
    expect((await query.ask()).mode).toBe('broker')
  })

  it('GET /cluster of the gateway is what those at the broker say, and 503 while it is away', async () => {
    const broker = await Mosquitto.start()
    await openProcess('HERE', definitionFor([broker]))
    const [port = 0] = await freePorts('127.0.0.1', 1)
    const file = definitionFileFor([broker])
    const gateway = startCommand(['gateway', '--port', String(port), '--definition', file])
    await gateway.says(/^ready: /m)
    const ask = () => fetch(`http://127.0.0.1:${port}/cluster`)
    const names = async (): Promise<string> => {
      const { mode, nodes } = (await (await ask()).json()) as ClusterSnapshot
      expect(mode).toBe('broker')
      return nodes.flatMap(({ processes }) => processes.map(({ name }) => name)).join()
    }
    const all = `GATEWAY/${port},HERE`
    await eventually('both', async () => (await names()).split(',').toSorted().join() === all)
    await broker.end('SIGKILL')
    await eventually('nobody to know', async () => (await ask()).status === 503)
    await broker.start()
    await eventually('an answer', async () => (await ask()).status === 200)
    gateway.signal('SIGTERM')
    expect(await gateway.ended).toMatchObject({ code: 0 })
  })
})
