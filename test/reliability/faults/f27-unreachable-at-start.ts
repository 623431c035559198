import { Network } from '../../harness/network.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { closeScripts } from './closing-scripts.ts'
import { addMeasured, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { type Place, publishedBy, settled } from './settled.ts'

const tables = ['TRADE', 'POSITION']
const scripts = { table: 'SETTLEMENT', count: 20, sideBySide: 4, drainMs: 200, padding: 0 }

/** Published while the node is out of reach, at scale 1; and as many behind the heal. */
const updatesWanted = 5_000
const leastUpdates = 500

/** Behind the heal the nodes look for each other every few seconds. */
const healedMs = 10_000

/** Where a subscription that is ready without a node should name it and does not. */
async function whatIsNotSaid({ participant, key }: Place, node: string): Promise<string[]> {
  const names = await participant.call('unreachable', { key })
  const events = await participant.call('events', { key })
  const named = events.flatMap(({ event }) => (event.type === 'ready' ? event.unreachable : []))
  return [
    ...(names.includes(node) ? [] : ['subscription.unreachable']),
    ...(named.includes(node) ? [] : ['the event ready']),
  ]
}

async function runShape(shape: 'mesh+relay' | 'proxy+relay', updates: number): Promise<Measured> {
  const network = new Network(2)
  const { machines } = network
  network.cut(network.machine(0), network.machine(1))
  const cluster = await TestCluster.start(shape, 2, { machines })
  const publisher = { participant: await startQueue(cluster, 'PUB', tables, {}, 0), key: 'PUB' }
  const subscriber = { participant: await startQueue(cluster, 'SUB', [], {}, 1), key: 'SUB' }
  await subscriber.participant.call('subscribe', { key: 'SUB', tables: [...tables, scripts.table] })
  const unsaid = await whatIsNotSaid(subscriber, network.machine(0).name)
  // Its subscription is ready: all of it is owed, though nobody there has heard of who publishes.
  const ended = await closeScripts(cluster, scripts)
  await publisher.participant.call('publish', { key: 'PUB', updates })
  for (const machine of machines) machine.heal()
  const began = monotonicMs()
  await publisher.participant.call('publish', { key: 'PUB', updates })
  const verdict = await settled(subscriber, [...ended, ...(await publishedBy([publisher]))])
  const healMs = monotonicMs() - began
  return {
    injected: 1,
    verdict,
    healMs: [healMs],
    demands: [
      atMost(`${shape}: ready without saying who is missing`, 'subscriptions', unsaid.length, 0),
      atMost(`${shape}: all accounted for after the heal`, 'ms', healMs, healedMs, 5),
    ],
    notes: [
      ...unsaid.map((what) => `${shape}: not said by ${what}`),
      `${shape}: ${verdict.deliveries} delivered, ${verdict.reported} told lost, of ${2 * updates + ended.length}`,
    ],
  }
}

export const unreachableAtStart: FaultRow = {
  id: 'F27',
  fault: 'a node of the definition cannot be reached when the others start',
  how: 'two machines whose packets to each other are dropped before GENESIS_CLUSTER starts; published behind ready, then healed',
  needs: ['network', 'nft'],
  async run({ scale }) {
    const updates = Math.max(leastUpdates, Math.round(updatesWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['mesh+relay', 'proxy+relay'] as const)
      parts.push(await runShape(shape, updates))
    return addMeasured(...parts)
  },
}
