import { setTimeout as pause } from 'node:timers/promises'
import type { LinkSnapshot } from '../../../src/model/link-snapshot.ts'
import { relayDatagrams } from './disordered-group.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { holdsSoon, Machines, progressOf } from './machines.ts'
import { monotonicMs } from './order.ts'
import type { Disorder } from './processes/datagram-relay.ts'
import { countOf } from './settled.ts'

const shape = 'mesh+multicast'
const updatesPerSecond = 2_000

/** Of a hundred datagrams; seconds of each at scale 1. */
const percents = [1, 5, 20, 50]
const secondsWanted = 15
const leastSeconds = 2

/** At 5 of a hundred: no update is told lost, and half of what is offered gets through meanwhile. */
const boundedPercent = 5
const throughput = 0.5

/** How often a datagram that was lost is sent again, of twelve nodes that miss some each. */
const manyMachines = 12
const fewMachines = 3
const updatesOfMany = 500
const resentMost = 3

const disorders: Readonly<Record<string, Disorder>> = {
  'each twice': { doubles: true },
  'in any order within 100': { shuffled: 100 },
  'truncated and foreign ones between': { truncated: true, foreign: true },
  'all of that': { doubles: true, shuffled: 100, truncated: true, foreign: true },
}

/** Deliveries meanwhile, as a share of what is published: of the subscriber that has the least. */
async function shareWithin(stage: Machines, seconds: number): Promise<number> {
  const counts = async () => ({
    published: countOf(await stage.published()),
    each: (await Promise.all(stage.subscribers.map(progressOf))).map((one) => one.deliveries),
  })
  const before = await counts()
  await pause(seconds * 1_000)
  const after = await counts()
  const offered = after.published - before.published
  return Math.min(...after.each.map((count, at) => (count - (before.each[at] ?? 0)) / offered))
}

/** One machine publishes, the others subscribe. */
async function begin(count: number, perSecond: number, strangers = 0): Promise<Machines> {
  const stage = await Machines.start(shape, count, { strangers })
  await stage.addPublisher('PUBLISHER', 0)
  for (let node = 1; node < count; node += 1) await stage.addSubscriber(`SUBSCRIBER_${node}`, node)
  await stage.load(perSecond)
  await stage.whole()
  return stage
}

/** How the datagrams of the node that publishes come to all others. */
async function linksFromFirst(stage: Machines): Promise<LinkSnapshot[]> {
  const [first] = stage.machines
  const { nodes } = await stage.cluster.snapshot()
  return nodes.flatMap(({ links }) => links.filter(({ node }) => node === first?.name))
}

async function losing(percent: number, seconds: number): Promise<Measured> {
  const stage = await begin(fewMachines, updatesPerSecond)
  for (const machine of stage.machines) machine.lose(percent)
  const share = await shareWithin(stage, seconds)
  const endedAt = monotonicMs()
  await stage.whole()
  const healMs = monotonicMs() - endedAt
  const verdict = await stage.judge()
  const isBounded = percent === boundedPercent
  return {
    injected: 1,
    verdict,
    healMs: [healMs],
    demands: isBounded
      ? [
          atMost(`${percent} % lost: told lost`, 'updates', await stage.needlesslyLost(), 0),
          atLeast(`${percent} % lost: delivered meanwhile`, 'of 1', share, throughput, 2),
        ]
      : [],
    notes: [
      `${percent} % lost: ${share.toFixed(2)} delivered meanwhile, all ${Math.round(healMs)} ms behind it`,
    ],
  }
}

async function disordered(seconds: number): Promise<Measured> {
  const stage = await begin(2, updatesPerSecond, 1)
  const [node, ...others] = stage.machines
  const [stranger] = stage.strangers
  if (!node || !stranger) throw new Error('there is no machine for the relay')
  const relay = await relayDatagrams(node, others, stranger, stage.cluster.ports.cluster)
  const healMs: number[] = []
  for (const disorder of Object.values(disorders)) {
    await relay.call('make', disorder)
    await pause(seconds * 1_000)
    const endedAt = monotonicMs()
    await stage.whole()
    healMs.push(monotonicMs() - endedAt)
  }
  const passed = await relay.call('passed')
  const [link] = await linksFromFirst(stage)
  const heard = link?.reception?.heard ?? 0
  return {
    injected: healMs.length,
    verdict: await stage.judge(),
    healMs,
    demands: [
      atMost('disordered: told lost', 'updates', await stage.needlesslyLost(), 0),
      atLeast('disordered: taken out of its turn', 'datagrams', passed.moved, 1),
      atLeast('disordered: taken from the group', 'datagrams', heard, passed.heard / 2),
    ],
    notes: [
      `${passed.heard} datagrams: ${passed.moved} in another place, ${passed.twice} twice; ${passed.truncated} truncated and ${passed.foreign} foreign ones between`,
    ],
  }
}

/** What one lost datagram costs where many miss it. */
async function many(count: number, seconds: number): Promise<Measured> {
  const stage = await begin(count, updatesOfMany)
  for (const machine of stage.machines) machine.lose(boundedPercent)
  await pause(seconds * 1_000)
  await stage.whole()
  let links = await linksFromFirst(stage)
  await holdsSoon(async () => {
    links = await linksFromFirst(stage)
    return links.length === count - 1 && links.every(({ reception }) => reception !== null)
  })
  const lost = links.reduce((sum, { reception }) => {
    const { repaired = 0, skipped = 0 } = reception ?? {}
    return sum + repaired + skipped
  }, 0)
  const { nodes } = await stage.cluster.snapshot()
  const resent = nodes.find(({ name }) => name === stage.machine(0).name)?.group?.resent ?? 0
  return {
    injected: 1,
    verdict: await stage.judge(),
    healMs: [],
    demands: [
      atMost(
        `${count} nodes, ${boundedPercent} % lost: sent again for each`,
        'times',
        resent / lost,
        resentMost,
        2,
      ),
      atMost(
        `${count} nodes, ${boundedPercent} % lost: told lost`,
        'updates',
        await stage.needlesslyLost(),
        0,
      ),
    ],
    notes: [`${count} nodes: ${lost} datagrams lost, ${resent} sent again`],
  }
}

export const datagrams: FaultRow = {
  id: 'F10',
  fault: 'datagrams of the multicast group lost, twice, out of order, truncated, foreign',
  how: `${percents.join(', ')} of 100 lost on ${fewMachines} machines, ${updatesPerSecond.toLocaleString('en')} updates/s; a relay between two machines that doubles, shuffles 100 at a time, truncates and adds; ${manyMachines} machines of which each misses 5 of 100`,
  needs: ['network', 'nft'],
  async run({ scale }) {
    const seconds = Math.max(leastSeconds, secondsWanted * scale)
    const isShort = scale < 0.5
    const parts = [await disordered(seconds)]
    for (const percent of isShort ? [boundedPercent] : percents)
      parts.push(await losing(percent, seconds))
    if (!isShort) parts.push(await many(manyMachines, seconds))
    return addMeasured(...parts)
  },
}
