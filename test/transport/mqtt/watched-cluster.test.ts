// `tidings mon` where the processes meet at a broker: no GENESIS_CLUSTER runs.
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { inBackground } from '../../../src/base/background.ts'
import { productVersion } from '../../../src/base/product-version.ts'
import { randomId } from '../../../src/base/random.ts'
import type { ClusterSnapshot, ProcessSnapshot } from '../../../src/model/cluster-snapshot.ts'
import { newRegistration } from '../../../src/model/new-registration.ts'
import { encodeFigures } from '../../../src/transport/mqtt/figures/figures-record.ts'
import { RosterWatch } from '../../../src/transport/mqtt/figures/roster-watch.ts'
import { BrokerTopics } from '../../../src/transport/mqtt/naming/broker-topics.ts'
import { encodePresence, entryOf } from '../../../src/transport/mqtt/presence/presence-record.ts'
import { digestOf } from '../../../src/transport/mqtt/presence/roster-digest.ts'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { eventually, patienceMs } from '../../harness/eventually.ts'
import { freePorts } from '../../harness/loopback.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { runCommand, startCommand } from '../../harness/run-command.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import { available } from '../../harness/tools.ts'
import { definitionFileFor, definitionFor, openProcess } from './broker-definition.ts'
import { mqttOptions } from './mqtt-cluster.ts'

endProcessesAfterEach()

const mon = (definition: string, ...words: string[]) =>
  runCommand(['mon', '--definition', definition, ...words])

async function shown(definition: string): Promise<ClusterSnapshot> {
  const { code, output, log } = await mon(definition, '--json')
  expect({ code, log }).toEqual({ code: 0, log: '' })
  return JSON.parse(output) as ClusterSnapshot
}

function watchAt(url: string, protocolVersion?: 4 | 5): RosterWatch {
  const { qos: _, ...options } = mqttOptions({ urls: [url], protocolVersion })
  return new RosterWatch({ ...options, system: null, hosts: [] })
}

/** A process that the test itself plays at a broker. */
const strangerNamed = (process: string) => {
  const incarnation = randomId()
  const name = { node: 'elsewhere', process, incarnation } as const
  return {
    incarnation,
    entry: entryOf(newRegistration({ ...name, role: 'process', mode: 'mesh' })),
  }
}

type Stranger = ReturnType<typeof strangerNamed>

const figuresFor = (question: string): Buffer =>
  encodeFigures(
    {
      questions: [question],
      version: '1.2.3',
      wallClock: 0,
      connectedForMs: 1,
      dropped: 0,
      rate: 0,
      health: null,
      sequences: [],
    },
    1_000,
  )

const processesIn = ({ nodes }: ClusterSnapshot): Record<string, ProcessSnapshot> =>
  Object.fromEntries(nodes.flatMap(({ processes }) => processes.map((each) => [each.name, each])))

describe.runIf(available('mon over Mosquitto', 'mosquitto'))('tidings mon at a broker', () => {
  it('shows who is there, what each publishes and wants, and how much', async () => {
    const broker = await Mosquitto.start()
    const definition = definitionFor([broker])
    const publisher = await openProcess('PUBLISHER', definition)
    const subscriber = await openProcess('SUBSCRIBER', definition)
    await subscriber.subscribe(['TRADE', 'POSITION'])
    await publisher.load()
    const file = definitionFileFor([broker])
    await eventually('the rate of who publishes', async () => {
      const { PUBLISHER } = processesIn(await shown(file))
      return (PUBLISHER?.rate ?? 0) > 0
    })
    await subscriber.reaches(await publisher.stop())
    const { streams } = await subscriber.report()
    const last = streams.map(({ table, last: sequence }) => ({ table, sequence })).toSorted(byTable)
    const snapshot = await eventually('the last numbers, and no rate', async () => {
      const seen = await shown(file)
      const { PUBLISHER } = processesIn(seen)
      const hasTold = isDeepStrictEqual(PUBLISHER?.tables.toSorted(byTable), last)
      return PUBLISHER?.rate === 0 && hasTold ? seen : null
    })
    const node = hostname()
    expect(snapshot).toMatchObject({
      node,
      mode: 'broker',
      link: 'broker',
      broker: { url: broker.url, protocol: '5' },
      nodes: [{ name: node, state: 'alive', leftOut: null, clock: { withinMs: 0 } }],
    })
    const { PUBLISHER, SUBSCRIBER } = processesIn(snapshot)
    const { pid } = publisher.child.process
    expect(PUBLISHER).toMatchObject({ status: 'HEALTHY', pid, version: productVersion })
    expect(SUBSCRIBER?.health).toMatchObject({ ready: true, losses: 0 })
    expect(PUBLISHER?.broker).toMatchObject({ subscribes: [], dropped: 0 })
    expect(PUBLISHER?.broker?.publishes.toSorted()).toEqual(['POSITION', 'TRADE'])
    expect(SUBSCRIBER).toMatchObject({ status: 'HEALTHY', rate: 0, tables: [] })
    expect(SUBSCRIBER?.broker?.subscribes.toString()).toBe('TRADE,POSITION')
    expect(SUBSCRIBER?.broker?.clientId).toMatch(/^genesis\/.+\/SUBSCRIBER\/[0-9a-f]{8}$/)
    expect(SUBSCRIBER?.broker?.connectedForMs).toBeGreaterThan(0)
    const { output } = await mon(file)
    expect(output).toContain(`no system · MQTT broker ${broker.url}, protocol 5\n`)
    expect(output).toContain(
      '\nnothing is wrong: 1 node, 2 processes, nothing lost within 10 min\n',
    )
    expect(output).toContain(`\n${node} alive\n`)
    const figures = String.raw`HEALTHY +\d+ +\d+ s +0 +0 +0 s +0`
    expect(output).toMatch(new RegExp(`^SUBSCRIBER +${figures} +TRADE, POSITION +–$`, 'm'))
    expect(output).toMatch(new RegExp(`^PUBLISHER +${figures} +– +TRADE \\d+, POSITION \\d+$`, 'm'))
  })

  it('who has ended is DOWN, whoever says so, and of who is cut off nobody knows', async () => {
    const broker = await Mosquitto.start()
    const definition = definitionFor([broker])
    const file = definitionFileFor([broker])
    const [first, second, third] = await Promise.all(
      ['FIRST', 'SECOND', 'THIRD'].map((name) => openProcess(name, definition)),
    )
    await first?.close()
    await second?.child.end('SIGKILL')
    const statuses = async () =>
      Object.values(processesIn(await shown(file))).map(({ name, status }) => `${name} ${status}`)
    // Another process of its host sees that the second has ended.
    await eventually('the ends', async () => {
      return (await statuses()).toSorted().join() === 'FIRST DOWN,SECOND DOWN,THIRD HEALTHY'
    })
    const { output } = await mon(file, '--json', '--status', 'HEALTHY')
    expect(Object.keys(processesIn(JSON.parse(output) as ClusterSnapshot))).toEqual(['THIRD'])
    await third?.child.end('SIGKILL')
    expect((await statuses()).toSorted()).toEqual(['FIRST DOWN', 'SECOND DOWN', 'THIRD ERROR'])
    const { nodes } = await shown(file)
    expect(nodes.map(({ state }) => state)).toEqual(['gone'])
    expect((await mon(file)).output).toContain(
      `\nTHIRD on ${hostname()} does not answer, or its connection has ended without a word\n`,
    )
  })

  it('hosts of the definition are shown where nothing is known of them', async () => {
    const broker = await Mosquitto.start()
    const hosts = ['localhost', '10.1.1.1'].map((name) => ({ name }))
    const file = definitionFileFor([broker], {}, { systems: [{ name: 'DEV', hosts }] })
    const { nodes, system } = await shown(file)
    expect(system).toBe('DEV')
    expect(nodes.map(({ name, state }) => [name, state])).toEqual([
      ['localhost', 'unreachable'],
      ['10.1.1.1', 'unreachable'],
    ])
  })

  it('watches alone: nothing of it is at the broker, before and after', async () => {
    const broker = await Mosquitto.start()
    const heard: string[] = []
    const client = await connectAsync(broker.url.replace('tcp:', 'mqtt:'))
    client.on('message', (topic) => heard.push(topic))
    await client.subscribeAsync('genesis/database/#')
    await shown(definitionFileFor([broker]))
    await eventually('its questions', () => heard.length >= 2)
    expect(new Set(heard)).toEqual(
      new Set(['genesis/database/~/ask', 'genesis/database/~/figures']),
    )
    await client.endAsync()
  })

  it('Q4: waits for who is slow to answer, also where another one vouches that it is there', async () => {
    const broker = await Mosquitto.start()
    const topics = new BrokerTopics('genesis/database/{{TABLE_NAME}}')
    const [quick, slow] = [strangerNamed('QUICK'), strangerNamed('SLOW')]
    const known = digestOf([quick.incarnation, slow.incarnation])
    const say = (kind: 'here' | 'roster', { incarnation, entry }: Stranger) =>
      client.publishAsync(
        topics.presence(kind, incarnation),
        encodePresence({ entry, life: null, known: kind === 'here' ? known : null, isGone: false }),
        { qos: 1, retain: kind === 'roster' },
      )
    const client = await connectAsync(broker.url.replace('tcp:', 'mqtt:'))
    await say('roster', quick)
    await say('roster', slow)
    let asked = 0
    client.on('message', (topic, question) => {
      if (topic === topics.figures) {
        // The first question comes before the slow one listens.
        for (const each of asked < 2 ? [quick] : [quick, slow])
          client.publish(topics.figuresOf(each.incarnation), figuresFor(question.toString()))
        return
      }
      asked += 1
      inBackground(say('here', asked === 1 ? quick : slow), () => {})
    })
    await client.subscribeAsync([topics.ask, topics.figures])
    const watch = watchAt(broker.url)
    const { QUICK, SLOW } = processesIn(await watch.snapshot(patienceMs))
    expect([QUICK?.status, SLOW?.status]).toEqual(['HEALTHY', 'HEALTHY'])
    expect([QUICK?.version, SLOW?.version]).toEqual(['1.2.3', '1.2.3'])
    await watch.close()
    await client.endAsync()
  })

  it.each([4, 5] as const)('follows what goes on, protocol %i', async (protocolVersion) => {
    const broker = await Mosquitto.start()
    const watch = watchAt(broker.url, protocolVersion)
    const names = async () => Object.keys(processesIn(await watch.snapshot(patienceMs)))
    expect(await names()).toEqual([])
    const one = await openProcess('ONE', definitionFor([broker]))
    await eventually('ONE', async () => (await names()).join() === 'ONE')
    await broker.end('SIGKILL')
    await broker.start()
    const two = await openProcess('TWO', definitionFor([broker]))
    await eventually('both', async () => (await names()).toSorted().join() === 'ONE,TWO')
    await Promise.all([one.close(), two.close()])
    await watch.close()
  })

  it('where no broker answers that is said', async () => {
    const [dead] = await freePorts('127.0.0.1', 1)
    const url = `tcp://127.0.0.1:${dead}`
    const away = watchAt(url)
    const asked = away.snapshot(300)
    await expect(asked).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    await expect(asked).rejects.toThrow(`the MQTT broker at ${url} did not answer`)
    await away.close()
  })

  it('where it is not let in, or not at home, it ends and says why', async () => {
    const closed = await Mosquitto.start({ lines: ['allow_anonymous false'] })
    const refused = await mon(definitionFileFor([closed]))
    expect(refused).toMatchObject({ code: 2, output: '' })
    expect(refused.log).toContain('[ACCESS_DENIED]')
    const broker = await Mosquitto.start()
    await openProcess('HERE', definitionFor([broker], { TidingsClusterName: 'DEV' }))
    const other = await mon(definitionFileFor([broker], { TidingsClusterName: 'UAT' }))
    expect(other).toMatchObject({ code: 2, output: '' })
    expect(other.log).toContain('[MODE_MISMATCH]')
  })

  it('what may not be read is told, and not shown as empty', async () => {
    const acl = join(scratchDirectory(), 'acl')
    writeFileSync(acl, 'topic write #\n')
    const broker = await Mosquitto.start({ lines: [`acl_file ${acl}`] })
    const watch = watchAt(broker.url)
    const asked = watch.snapshot(1_000)
    await expect(asked).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    await expect(asked).rejects.toThrow('let it read and write below genesis/database/~')
    await watch.close()
  })

  it('tidings tail names a table that nobody has published', async () => {
    const broker = await Mosquitto.start()
    const publisher = await openProcess('PUBLISHER', definitionFor([broker]))
    await publisher.publish(10)
    const file = definitionFileFor([broker])
    await eventually('its table', async () => {
      const { PUBLISHER } = processesIn(await shown(file))
      return PUBLISHER?.broker?.publishes.includes('TRADE')
    })
    const child = startCommand(['tail', 'TRADES', '--definition', file])
    await eventually('the hint', () =>
      child.log.includes('no process of the cluster has published TRADES so far'),
    )
    expect(child.log).toContain('did you mean "TRADE"?')
    await child.end('SIGTERM')
  })
})

const byTable = (one: { table: string }, other: { table: string }): number =>
  one.table.localeCompare(other.table)
