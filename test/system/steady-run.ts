import type { WhenSlow } from '../../src/index.ts'
import type { WatchOptions } from '../harness/application-message.ts'
import { memoryGrowth } from '../harness/memory-growth.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { costs, lostIn, mebibyte, ratio, silentIn, stretch, withinMs } from './sleeper-run.ts'

export interface SteadyOptions {
  readonly whenSlow: WhenSlow
  readonly limit?: WatchOptions['limit']
  /** Published beside the slow subscriber, and half as many before it comes. */
  readonly updates: number
  readonly perSecond: number
}

export interface SteadyResult {
  readonly whenSlow: WhenSlow
  readonly seconds: number
  readonly publisherRate: number
  readonly fastRate: number
  /** With the slow subscriber against without it. */
  readonly publisherRatio: number
  readonly fastRatio: number
  /** CPU for each update, in the same way. */
  readonly publisherCost: number
  readonly fastCost: number
  /** Resident memory at the end of each slice of the run, MiB. */
  readonly slowMiB: readonly number[]
  readonly publisherMiB: readonly number[]
  /** The last third of the slices against the third before it, by their largest. */
  readonly slowGrowth: number
  readonly publisherGrowth: number
  readonly delivered: number
  readonly folded: number
  readonly lost: number
  readonly silent: number
  /** From the end of slowness until all was delivered or reported; null: its subscription has ended. */
  readonly caughtUpMs: number | null
}

const slices = 9

/** How long the slow subscriber takes for one update, milliseconds. */
const updateMs = 1

/** A publisher at full speed, a fast subscriber, and one that can take a hundredth of it. */
export async function runSteady(options: SteadyOptions): Promise<SteadyResult> {
  const { whenSlow, limit, updates, perSecond } = options
  const cluster = await TestCluster.start('mesh')
  const publisher = await cluster.open('PUBLISHER')
  const fast = await cluster.open('FAST')
  await fast.subscribe('*')
  await publisher.load({ perSecond })
  await stretch(publisher, fast, updates / 6)
  const without = await stretch(publisher, fast, updates / 3)
  const slow = await cluster.open('SLOW')
  await slow.subscribe('*', { whenSlow, key: 'INSTRUMENT', updateMs, ...(limit && { limit }) })
  const slowMiB: number[] = []
  const publisherMiB: number[] = []
  const rates = []
  for (let slice = 0; slice < slices; slice++) {
    rates.push(await stretch(publisher, fast, updates / slices))
    slowMiB.push((await slow.progress()).memory / mebibyte)
    publisherMiB.push((await publisher.progress()).memory / mebibyte)
  }
  const published = await publisher.stop()
  const woken = await slow.wake()
  const caughtUp = whenSlow === 'fail' ? null : await slow.reaches(published, withinMs)
  const report = await slow.report()
  const mean = (numbers: readonly number[]) =>
    Math.round(numbers.reduce((sum, each) => sum + each, 0) / numbers.length)
  const publisherRate = mean(rates.map((each) => each.publisherRate))
  const fastRate = mean(rates.map((each) => each.fastRate))
  return {
    whenSlow,
    seconds: Math.round(rates.reduce((sum, { seconds }) => sum + seconds, 0)),
    publisherRate,
    fastRate,
    publisherRatio: ratio(publisherRate, without.publisherRate),
    fastRatio: ratio(fastRate, without.fastRate),
    ...costs(rates, [without]),
    slowMiB: slowMiB.map(Math.round),
    publisherMiB: publisherMiB.map(Math.round),
    slowGrowth: memoryGrowth(slowMiB),
    publisherGrowth: memoryGrowth(publisherMiB),
    delivered: report.received,
    folded: report.folded,
    lost: lostIn(report),
    silent: silentIn(report),
    caughtUpMs: caughtUp && Math.round(caughtUp.at - woken.at),
  }
}
