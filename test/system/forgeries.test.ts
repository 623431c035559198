// Who may connect and is none of ours: what it says in the name of nodes and processes.
import { expect, it } from 'vitest'
import { randomId } from '../../src/base/random.ts'
import type { TidingsHeaders } from '../../src/cluster/membership/peers.ts'
import { whisperVersion, writeHeaders } from '../../src/cluster/membership/peers.ts'
import { encodeWhisper } from '../../src/cluster/membership/whisper.ts'
import type { ZreMessage } from '../../src/cluster/membership/zre-codec.ts'
import { encodeZre, zreIdentity } from '../../src/cluster/membership/zre-codec.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { expectAllOf, sum } from './judgement.ts'
import { Outsider } from './outsider.ts'

endProcessesAfterEach()

/** A publisher on the second node, a subscriber on the first, and updates all the time. */
async function run() {
  const cluster = await TestCluster.start('mesh+relay', 2)
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
      /link to \S+ (?:renewed|closed)|node \S+ is gone|process (?:PUBLISHER|SUBSCRIBER) (?:ended|gone)/,
    )
}

/** A program at the membership port of the first node, under a UUID of its own. */
function node(cluster: TestCluster) {
  const routingId = zreIdentity(randomId())
  const at = `tcp://${cluster.node().host}:${cluster.ports.cluster}`
  const outsider = new Outsider(at, 'dealer', { routingId })
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
  const headers = writeHeaders({ ...own, history: randomId(), cluster: 'TEST', ...given })
  const [sequence, status] = [1, 0]
  return { type: 'hello', sequence, endpoint, groups: [], status, name: host, headers } as const
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
