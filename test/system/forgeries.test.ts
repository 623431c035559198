// Who may connect and is none of ours: what it says in the name of nodes and processes.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { randomId } from '../../src/base/random.ts'
import type { TidingsHeaders } from '../../src/cluster/membership/peers.ts'
import { whisperVersion, writeHeaders } from '../../src/cluster/membership/peers.ts'
import { encodeWhisper } from '../../src/cluster/membership/whisper.ts'
import type { ZreMessage } from '../../src/cluster/membership/zre-codec.ts'
import { encodeZre, zreIdentity } from '../../src/cluster/membership/zre-codec.ts'
import { newKeyPair } from '../../src/model/key-pair.ts'
import { newRegistration } from '../../src/model/new-registration.ts'
import {
  decodeClusterMessage,
  encodeProcessMessage,
} from '../../src/registration/registration-message.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { repository } from '../harness/child.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import { Network } from '../harness/network.ts'
import type { Machine } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import type { Stage } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'
import { expectAllOf, sum } from './judgement.ts'
import { Outsider } from './outsider.ts'

endProcessesAfterEach()

const forger = join(repository, 'test', 'system', 'processes', 'beacon-forger.ts')
/** Of RFC 36; on a machine with a network of its own it is free. */
const beaconPort = 5670
/** Of forged beacons each node is to read so many: each of its ticks meets some. */
const beacons = 5_000

/** A publisher on the second node, a subscriber on the first, and updates all the time. */
async function run(stage: Stage = {}) {
  const cluster = await TestCluster.start('mesh+relay', 2, stage)
  const publisher = await cluster.open('PUBLISHER', {}, 1)
  const subscriber = await cluster.open('SUBSCRIBER', {}, 0)
  await subscriber.subscribe('*')
  await publisher.load({ perSecond: 500 })
  await publisher.publishes(500)
  return { cluster, publisher, subscriber }
}

/** Nothing was lost, nobody was told to be gone or to have moved, and both still hear each other. */
async function expectUntouched(
  cluster: TestCluster,
  publisher: Application,
  subscriber: Application,
) {
  const published = await publisher.stop()
  const report = await subscriber.receives({ process: 'PUBLISHER', updates: sum(published) })
  expectAllOf(report, 'PUBLISHER', published)
  expect(report.foreign).toEqual([])
  const { events } = await subscriber.report()
  expect(events.filter(({ type }) => type === 'publisher-gone')).toEqual([])
  for (const { child } of cluster.nodes)
    expect(child.log).not.toMatch(
      /link to \S+ (?:renewed|closed)|node \S+ is gone|process (?:PUBLISHER|SUBSCRIBER) (?:ended|is gone)/,
    )
}

const port = (cluster: TestCluster, name: 'cluster' | 'registry') =>
  `tcp://${cluster.node().host}:${cluster.ports[name]}`

/** A program at the membership port of the first node, under a UUID of its own. */
function node(cluster: TestCluster) {
  const routingId = zreIdentity(randomId())
  const outsider = new Outsider(port(cluster, 'cluster'), 'dealer', { routingId })
  const say = (message: ZreMessage, ...content: Uint8Array[]) =>
    outsider.say(encodeZre(message), ...content)
  return { outsider, say }
}

/** What the second node says of itself, but for what is given; its relay port leads nowhere. */
function helloOf(cluster: TestCluster, forged: Partial<TidingsHeaders> & { endpoint?: string }) {
  const { host } = cluster.node(1)
  const { inbound, outbound, cluster: at } = cluster.ports
  const { endpoint = `tcp://${host}:${at}`, ...given } = forged
  const own = { node: host, inbound, outbound, relay: 9, wire: whisperVersion, mode: 'mesh' }
  const life = { history: randomId(), cluster: 'TEST', link: 'relay' } as const
  const headers = writeHeaders({ ...own, ...life, ...given })
  const [sequence, status] = [1, 0]
  return { type: 'hello', sequence, endpoint, groups: [], status, name: host, headers } as const
}

/** As of the subscriber in another life, of the node at that place, but for what is given. */
const registrationOf = (cluster: TestCluster, place: number, given: object) =>
  encodeProcessMessage({
    type: 'register',
    // Later than what the process itself has said: what is older is passed over.
    id: 2 ** 40,
    seen: { history: null, version: 0 },
    registration: newRegistration({
      node: cluster.node(place).host,
      process: 'SUBSCRIBER',
      incarnation: randomId(),
      role: 'process',
      mode: 'mesh',
      ...given,
    }),
    wantsPort: false,
  })

/** Datagrams that programs of this machine have taken: what was dropped before is not among them. */
function datagramsRead(machine: Machine): number {
  const [names, numbers] = machine
    .run('cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Udp: '))
    .map((line) => line.split(' ')) as [string[], string[]]
  return Number(numbers[names.indexOf('InDatagrams')])
}

it('who greets in the name of a node that answers, of this one, of another cluster or of nobody leads no link away', async () => {
  const { cluster, publisher, subscriber } = await run()
  const [own, other] = cluster.nodes.map(({ host }) => host) as [string, string]
  const forgeries = [
    [{}, `is a new life of ${other}, but ${other} answers at`],
    [{ endpoint: 'tcp://127.0.0.1:9' }, `${other}, which is at`],
    [{ node: own }, 'takes itself for this node'],
    [{ node: 'm9' }, 'm9'],
    [{ cluster: 'OTHER' }, 'is of the cluster "OTHER"'],
  ] as const
  for (const [forged, why] of forgeries) {
    const { outsider, say } = node(cluster)
    await eventually('it is in', () => outsider.isIn)
    const greeting = helloOf(cluster, forged)
    const incarnation = publisher.incarnation
    const told = () =>
      cluster
        .node()
        .child.log.split('a HELLO was refused: ')
        .some((line) => line.includes(why))
    await eventually(`it is refused: ${why}`, () => {
      say(greeting)
      say({ type: 'ping', sequence: 2 })
      // Nor is anything of it heard: the publisher is to make its connections anew.
      say({ type: 'whisper', sequence: 3 }, encodeWhisper({ type: 'renew', incarnation }))
      say({ type: 'leave', sequence: 4, group: 'TIDINGS', status: 2 })
      return told()
    })
  }
  await expectUntouched(cluster, publisher, subscriber)
})

it('who registers in the name of a process, under its number, or from another node, changes nothing', async () => {
  const { cluster, publisher, subscriber } = await run()
  const { incarnation } = subscriber
  const forgeries = [
    [{}, 'runs on'],
    [{ incarnation, pid: 1, state: 'ended', last: [] }, 'this process is a copy of it'],
    [{ incarnation, process: 'OTHER' }, 'this process is a copy of it'],
    [{ mode: 'proxy' }, 'the item applies to all processes'],
  ] as const
  for (const [forged, why] of forgeries) {
    const outsider = new Outsider(port(cluster, 'registry'), 'dealer')
    const registration = registrationOf(cluster, 0, forged)
    await eventually(`it is refused: ${why}`, () => {
      outsider.say(registration)
      return outsider.heard.some((text) => text.includes('"refused"') && text.includes(why))
    })
    outsider.close()
  }
  const elsewhere = new Outsider(port(cluster, 'registry'), 'dealer')
  const ended = registrationOf(cluster, 1, { process: 'PUBLISHER', state: 'ended', last: [] })
  await eventually('it is refused', () => {
    elsewhere.say(ended)
    return elsewhere.heard.some((text) => text.includes('they read different definitions'))
  })
  await expectUntouched(cluster, publisher, subscriber)
})

it('nothing stops who registers word for word, without keys, that a process has ended: it is taken for ended, and told that it has lost its GENESIS_CLUSTER', async () => {
  const { cluster, publisher, subscriber } = await run()
  const outsider = new Outsider(port(cluster, 'registry'), 'dealer')
  const incarnation = randomId()
  const words = await eventually('what the process has said', () => {
    outsider.say(registrationOf(cluster, 0, { process: 'LISTENER', incarnation }))
    return outsider.heard
      .map((text) => decodeClusterMessage(Buffer.from(text)))
      .flatMap((message) => (message?.type === 'roster' ? message.change.entries : []))
      .find((entry) => entry.incarnation === subscriber.incarnation)
  })
  outsider.say(registrationOf(cluster, 0, { ...words, state: 'ended', last: [] }))
  await cluster.node().child.says(/process SUBSCRIBER ended: it said so/)
  await eventually('it is told', async () => {
    const { events } = await subscriber.report()
    return events.some(({ type }) => type === 'cluster-lost')
  })
  // What it is connected to it still hears.
  const published = await publisher.stop()
  const report = await subscriber.receives({ process: 'PUBLISHER', updates: sum(published) })
  expectAllOf(report, 'PUBLISHER', published)
})

it('with keys nothing is heard of who has none: neither greetings nor registrations, not even right ones', async () => {
  const { cluster, publisher, subscriber } = await run({ keys: [newKeyPair()] })
  const outsiders = Array.from({ length: 20 }, (_, n) => {
    const { outsider, say } = node(cluster)
    const registrant = new Outsider(port(cluster, 'registry'), 'dealer')
    // Said before the verdict: it waits in the connection, and would be the first that is read of who is let in.
    say(helloOf(cluster, {}))
    say({ type: 'ping', sequence: 2 })
    registrant.say(registrationOf(cluster, 0, { process: `STRANGER_${n}` }))
    return [outsider, registrant]
  }).flat()
  for (const each of outsiders) await eventually('a verdict', () => each.isRefused)
  await expectUntouched(cluster, publisher, subscriber)
  expect(cluster.node().child.log).not.toMatch(/HELLO|STRANGER/)
  expect(outsiders.filter(({ isIn }) => isIn)).toEqual([])
  expect(outsiders.flatMap(({ heard }) => heard)).toEqual([])
})

it.runIf(available('beacons of a stranger', 'network'))(
  'beacons of a stranger that say a node leaves, and beacons of nobody, end nothing',
  async () => {
    const [first, second, stranger] = new Network(3).machines as [Machine, Machine, Machine]
    const items = { TidingsBeaconPort: beaconPort }
    const { cluster, publisher, subscriber } = await run({ machines: [first, second], items })
    const broadcast = stranger.address.replace(/\d+$/, '255')
    const attack = cluster.spawn([forger, String(beaconPort), broadcast], stranger.place)
    await attack.says(/sends beacons/)
    for (const machine of [first, second]) {
      const before = datagramsRead(machine)
      await eventually(
        'the node reads them',
        () => attack.hasEnded || datagramsRead(machine) >= before + beacons,
      )
    }
    expect(attack.hasEnded).toBe(false)
    await expectUntouched(cluster, publisher, subscriber)
    await attack.end('SIGKILL')
  },
)
