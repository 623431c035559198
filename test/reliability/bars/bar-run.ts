import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../harness/definition-file.ts'
import { atLeast, atMost, type Demand, type FaultRow, type Measured } from '../faults/fault-row.ts'
import { lossesOf, Machines, progressOf } from '../faults/machines.ts'
import { needlesslyLost } from '../faults/needless.ts'
import { monotonicMs } from '../faults/order.ts'
import { countOf } from '../faults/settled.ts'
import type { Bar } from './bar.ts'

const machines = 3
export const updatesPerSecond = 5_000

/** What is published within the last milliseconds is still on its way. */
const fullRate = 0.98

/** On a busy machine rate and latency are worse: only what is so many times worse is wrong. */
const room = 5

/** One machine publishes, the two others subscribe. `seconds`: in which rate and latency are measured. */
export async function runBar(bar: Bar, shape: Shape, seconds: number): Promise<Measured> {
  const stage = await Machines.start(shape, machines, bar)
  await stage.addPublisher('PUBLISHER', 0)
  for (const node of [1, 2]) await stage.addSubscriber(`SUBSCRIBER_${node}`, node)
  await stage.load(updatesPerSecond)
  await stage.whole()
  const { share, p50Ms, p99Ms } = await measure(stage, seconds)
  const healMs = await disturb(bar, stage)
  const verdict = await stage.judge()
  const losses = await Promise.all(stage.subscribers.map(lossesOf))
  const needless = losses.reduce((sum, each) => sum + needlesslyLost(each), 0)
  const latency = `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`
  return {
    injected: 1,
    verdict,
    healMs,
    demands: [
      atLeast('of the updates offered, delivered meanwhile', 'of 1', share, fullRate, room),
      ...(bar.p50Ms === undefined
        ? []
        : [atMost('publish() to handler, p50', 'ms', p50Ms, bar.p50Ms, room)]),
      atMost('told lost of who lives and was not silent for ten seconds', 'updates', needless, 0),
      ...(await warning(bar, stage)),
    ],
    notes: [`publish() to handler, the slower subscriber: ${latency}`],
  }
}

/** One shape under one bar, as a row. */
export const barRow = (bar: Bar, shape: Shape, seconds: number): FaultRow => ({
  id: `${bar.id}/${shape}`,
  fault: bar.what,
  how: `${machines} machines, ${shape}, ${updatesPerSecond.toLocaleString('en')} updates/s`,
  needs: ['network', 'nft'],
  run: () => runBar(bar, shape, seconds),
})

/** Resolves with the time from its end until all that was published until then is there; of what disturbs nothing, none. */
async function disturb({ disturb }: Bar, stage: Machines): Promise<number[]> {
  if (!disturb) return []
  await disturb(stage)
  const endedAt = monotonicMs()
  await stage.whole()
  return [monotonicMs() - endedAt]
}

async function measure(stage: Machines, seconds: number) {
  const latencies = () =>
    Promise.all(
      stage.subscribers.map(({ participant, key }) => participant.call('latencyWindow', { key })),
    )
  const counts = async () => ({
    published: countOf(await stage.published()),
    delivered: (await Promise.all(stage.subscribers.map(progressOf))).map((one) => one.deliveries),
  })
  await latencies()
  const before = await counts()
  await pause(seconds * 1_000)
  const after = await counts()
  const windows = await latencies()
  const offered = after.published - before.published
  const shares = after.delivered.map((each, at) => (each - (before.delivered[at] ?? 0)) / offered)
  return {
    share: Math.min(...shares),
    p50Ms: Math.max(...windows.map(({ p50 }) => p50)),
    p99Ms: Math.max(...windows.map(({ p99 }) => p99)),
  }
}

/** Whether the warning is said, within the patience of the tests. */
async function warning({ says }: Bar, stage: Machines): Promise<Demand[]> {
  if (!says) return []
  const times = await stage.cluster
    .node(1)
    .child.says(says)
    .then(
      () => 1,
      () => 0,
    )
  return [atLeast('warnings that name the remedy', 'times', times, 1)]
}
