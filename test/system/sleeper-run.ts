import type { Progress, Report, WatchOptions } from '../harness/application-message.ts'
import type { Application } from '../harness/application.ts'
import type { Shape } from '../harness/definition-file.ts'
import { TestCluster } from '../harness/test-cluster.ts'

/** How a subscriber sleeps: its handler waits, or its process is stopped. */
export type Sleep = 'pending' | 'stopped'

export const sleeps: readonly Sleep[] = ['pending', 'stopped']

export interface SleeperOptions {
  readonly shape: Shape
  readonly sleep: Sleep
  readonly watch: Pick<WatchOptions, 'whenSlow' | 'key' | 'limit'>
  /** Published while it sleeps; a third of it before, and again after it has left. */
  readonly updates: number
  readonly perSecond: number
}

export interface SleeperResult {
  readonly shape: Shape
  readonly sleep: Sleep
  readonly whenSlow: string
  readonly sleptSeconds: number
  /** Updates a second: with the sleeper, and without it, before and after. */
  readonly publisherRate: number
  readonly fastRate: number
  readonly publisherRatio: number
  readonly fastRatio: number
  /** CPU for each update, against what it is without it. */
  readonly publisherCost: number
  readonly fastCost: number
  /** The publisher's resident memory at its peak, over what it had when the sleep began; MiB. */
  readonly publisherGrowthMiB: number
  /** The same over what it had when it was opened: with what it retains and what its rate costs. */
  readonly publisherOverFreshMiB: number
  readonly sleeperPeakMiB: number
  /** From waking up until everything published by then was delivered or reported. */
  readonly caughtUpMs: number
  readonly delivered: number
  readonly folded: number
  readonly lost: number
  /** Neither delivered nor reported, twice, out of order, torn or not as published. */
  readonly silent: number
  readonly fastSilent: number
}

export const mebibyte = 1024 * 1024

/** How long one stretch may take: a bound, no pace. */
export const withinMs = 300_000

/** A publisher at full speed, a fast subscriber, and one that sleeps in the middle third of the run. */
export async function runSleeper(options: SleeperOptions): Promise<SleeperResult> {
  const cluster = await TestCluster.start(options.shape, 1)
  const publisher = await cluster.open('PUBLISHER')
  const fast = await cluster.open('FAST')
  await fast.subscribe('*')
  const fresh = await publisher.progress()
  await publisher.load({ perSecond: options.perSecond })
  await stretch(publisher, fast, options.updates / 6)
  const without = await stretch(publisher, fast, options.updates / 3)
  const asleep = await sleep(options, cluster, publisher, fast)
  await asleep.sleeper.close()
  await asleep.sleeper.child.end('SIGTERM')
  const again = await stretch(publisher, fast, options.updates / 3)
  const published = await publisher.stop()
  await fast.reaches(published, withinMs)
  const { peakMemory } = await publisher.progress()
  const fastReport = await fast.report()
  const mean = (of: (rates: Stretch) => number) => (of(without) + of(again)) / 2
  return {
    ...asleep.result,
    publisherRatio: ratio(
      asleep.stretch.publisherRate,
      mean(({ publisherRate }) => publisherRate),
    ),
    fastRatio: ratio(
      asleep.stretch.fastRate,
      mean(({ fastRate }) => fastRate),
    ),
    ...costs([asleep.stretch], [without, again]),
    publisherOverFreshMiB: Math.round((peakMemory - fresh.memory) / mebibyte),
    fastSilent: silentIn(fastReport) + fastReport.losses.length,
  }
}

async function sleep(
  { shape, sleep, watch, updates }: SleeperOptions,
  cluster: TestCluster,
  publisher: Application,
  fast: Application,
) {
  const sleeper = await cluster.open('SLEEPER')
  await sleeper.subscribe('*', { ...watch, asleep: sleep === 'pending' })
  if (sleep === 'stopped') sleeper.child.signal('SIGSTOP')
  const begun = await publisher.progress()
  const measured = await stretch(publisher, fast, updates)
  const published = await publisher.published()
  const ended = await publisher.progress()
  if (sleep === 'stopped') sleeper.child.signal('SIGCONT')
  const woken = sleep === 'pending' ? await sleeper.wake() : await sleeper.progress()
  const caughtUp = await sleeper.reaches(published, withinMs)
  const report = await sleeper.report()
  return {
    sleeper,
    stretch: measured,
    result: {
      shape,
      sleep,
      whenSlow: watch.whenSlow ?? 'repair',
      sleptSeconds: measured.seconds,
      publisherRate: measured.publisherRate,
      fastRate: measured.fastRate,
      publisherGrowthMiB: Math.round((ended.peakMemory - begun.memory) / mebibyte),
      sleeperPeakMiB: Math.round(caughtUp.peakMemory / mebibyte),
      caughtUpMs: Math.round(caughtUp.at - woken.at),
      delivered: report.received,
      folded: report.folded,
      lost: lostIn(report),
      silent: silentIn(report),
    },
  }
}

export interface Stretch {
  readonly seconds: number
  readonly publisherRate: number
  readonly fastRate: number
  /** CPU for each update, milliseconds: other than the rates, it is not what else the machine does. */
  readonly publisherCpu: number
  readonly fastCpu: number
}

/** Until the publisher has published so many more. */
export async function stretch(
  publisher: Application,
  fast: Application,
  updates: number,
): Promise<Stretch> {
  const [from, fastFrom] = await Promise.all([publisher.progress(), fast.progress()])
  const to = await publisher.publishes(from.published + Math.round(updates), withinMs)
  const fastTo = await fast.progress()
  return {
    seconds: Math.round(to.at - from.at) / 1000,
    publisherRate: rate(from, to, ({ published }) => published),
    fastRate: rate(fastFrom, fastTo, ({ received }) => received),
    publisherCpu: cpuOfEach(from, to, ({ published }) => published),
    fastCpu: cpuOfEach(fastFrom, fastTo, ({ received }) => received),
  }
}

function rate(from: Progress, to: Progress, of: (progress: Progress) => number): number {
  return Math.round((1000 * (of(to) - of(from))) / (to.at - from.at))
}

function cpuOfEach(from: Progress, to: Progress, of: (progress: Progress) => number): number {
  return (to.cpuMs - from.cpuMs) / (of(to) - of(from))
}

/** What an update costs in CPU, with a slow subscriber against without. */
export function costs(slow: readonly Stretch[], without: readonly Stretch[]) {
  const mean = (stretches: readonly Stretch[], of: (stretch: Stretch) => number) =>
    stretches.reduce((sum, each) => sum + of(each), 0) / stretches.length
  const against = (of: (stretch: Stretch) => number) => ratio(mean(slow, of), mean(without, of))
  return {
    publisherCost: against(({ publisherCpu }) => publisherCpu),
    fastCost: against(({ fastCpu }) => fastCpu),
  }
}

export const ratio = (part: number, whole: number): number =>
  Math.round((1000 * part) / whole) / 1000

/** By what the application wrote down: gaps, repetitions, disorder, foreign content. */
export function silentIn({ streams, torn }: Report): number {
  return streams.reduce(
    (sum, { missing, duplicates, outOfOrder, wrong }) =>
      sum + missing + duplicates + outOfOrder + wrong,
    torn,
  )
}

/** Updates reported lost; NaN where a range has no beginning or no end. */
export function lostIn({ losses }: Report): number {
  return losses.reduce(
    (sum, { from, to }) => sum + ((to ?? Number.NaN) - (from ?? Number.NaN) + 1),
    0,
  )
}
