import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { addMeasured, atMost, type FaultRow } from './fault-row.ts'
import type { Verdict } from './judge.ts'
import { namesTakenOver } from './name-taken-over.ts'
import { monotonicMs } from './order.ts'
import { openQueue, startParticipant, startQueue } from './participant.ts'
import type { CloneCalls } from './processes/clone.ts'
import type { TimedEvent } from './processes/participant.ts'
import { Remote, RemoteError } from './remote.ts'
import { publishedBy, settled } from './settled.ts'

/** Twins at scale 1, and at least. */
const twinsWanted = 50
const leastTwins = 3

/** Names that are taken over at scale 1, in each shape. */
const takenOverWanted = 20

/** The last so many batches of a stream are compared: each turn's is one. */
const updates = 5
const table = 'TRADE'
const told = ({ event }: TimedEvent) => event.type === 'publisher-cloned'

async function refusedTwins(cluster: TestCluster, twins: number): Promise<number> {
  const first = startParticipant('FIRST')
  const second = startParticipant('SECOND')
  let refused = 0
  for (let twin = 0; twin < twins; twin += 1) {
    const name = `TWIN_${twin}`
    await openQueue(first, cluster, name)
    const error = await openQueue(second, cluster, name).then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error instanceof RemoteError && error.code === 'NAME_TAKEN') refused += 1
    await first.call('close', { key: name })
  }
  return refused
}

/** Resolves with how long it took until the clone was told, milliseconds; NaN: it was not. */
async function cloned(cluster: TestCluster): Promise<{ ms: number; verdict: Verdict }> {
  const host = cluster.node().host
  const publisher = { participant: await startQueue(cluster, 'ORIGINAL', [table]), key: 'ORIGINAL' }
  const subscriber = { participant: await startQueue(cluster, 'WATCHER'), key: 'WATCHER' }
  const { key } = subscriber
  await subscriber.participant.call('subscribe', { key, tables: [table] })
  for (let update = 0; update < updates; update += 1)
    await publisher.participant.call('publishEach', { key: publisher.key, tables: [table] })
  await settled(subscriber, await publishedBy([publisher]))
  const clone = new Remote<CloneCalls>('CLONE', 'clone.ts')
  const incarnation = (await publishedBy([publisher]))[0]?.incarnation ?? ''
  const identity = { node: host, process: 'ORIGINAL', instance: '', incarnation }
  const inbound = `tcp://${host}:${cluster.ports.inbound}`
  const began = monotonicMs()
  await clone.call('clone', { identity, inbound, table, updates })
  const isTold = async () => (await subscriber.participant.call('events', { key })).some(told)
  const ms = await eventually('the clone is told', isTold).then(
    () => monotonicMs() - began,
    () => Number.NaN,
  )
  await clone.call('stop')
  await publisher.participant.call('publish', { key: publisher.key, updates: 1_000 })
  return { ms, verdict: await settled(subscriber, await publishedBy([publisher])) }
}

export const twins: FaultRow = {
  id: 'F20',
  fault: 'two live processes of one name; one that stands still and loses it; a cloned incarnation',
  how: 'a second process opens under a name in use; the same while the first one, which publishes, is stopped (mesh and proxy+relay), and goes on behind that; a copy sends other bytes under the same incarnation and numbers',
  async run({ scale }) {
    const cluster = await TestCluster.start('mesh', 1)
    const count = Math.max(leastTwins, Math.round(twinsWanted * scale))
    const refused = await refusedTwins(cluster, count)
    const { ms, verdict } = await cloned(cluster)
    const twins = {
      injected: count + 1,
      verdict,
      healMs: Number.isNaN(ms) ? [] : [ms],
      demands: [
        atMost('twins that were let in', 'processes', count - refused, 0),
        atMost('clones that nobody was told of', 'clones', Number.isNaN(ms) ? 1 : 0, 0),
      ],
      notes: [`the clone was told after ${Math.round(ms)} ms; the original's updates stayed`],
    }
    const takenOver = Math.max(1, Math.round(takenOverWanted * scale))
    return addMeasured(twins, await namesTakenOver(takenOver))
  },
}
