import { defaultPublisherLimits } from '../../src/publisher/publisher-limits.ts'
import type { ResultRow } from '../reliability/result.ts'
import { mebibyte } from './sleeper-run.ts'
import type { SleeperResult } from './sleeper-run.ts'
import type { SteadyResult } from './steady-run.ts'

/** What is demanded of a run with a slow subscriber. */
export const demands = {
  /** Of the rates without it. */
  leastRatio: 0.9,
  /** A publisher's growth over what it had when the sleep began: what it retains, and a margin. */
  mostGrowthMiB: defaultPublisherLimits.retentionBytes / mebibyte + 32,
  caughtUpWithinMs: 5_000,
  /** Growth of memory from one third of a run to the next. */
  mostDrift: 0.05,
} as const

export function sleeperRow(result: SleeperResult): ResultRow {
  const { shape, sleep, whenSlow, publisherRatio, fastRatio, publisherGrowthMiB } = result
  const what = sleep === 'pending' ? 'a promise of its handler pending' : 'SIGSTOP'
  return {
    id: `F1/${shape}/${sleep}/${whenSlow}`,
    fault: `${shape}: a subscriber sleeps ${result.sleptSeconds} s under ${result.publisherRate}/s`,
    injected: `${what}, whenSlow ${whenSlow}`,
    times: 1,
    deliveries: result.delivered,
    silent: result.silent + result.fastSilent,
    reported: result.lost,
    // What it misses has been evicted: the publisher is asked all the time.
    falseLosses: null,
    healP50Ms: result.caughtUpMs,
    healP99Ms: result.caughtUpMs,
    figure:
      `publisher ${publisherRatio} ×, fast ${fastRatio} × of without (asked ${demands.leastRatio}); ` +
      `publisher + ${publisherGrowthMiB} MiB (at most ${demands.mostGrowthMiB})`,
    met:
      result.silent + result.fastSilent === 0 &&
      publisherRatio >= demands.leastRatio &&
      fastRatio >= demands.leastRatio &&
      publisherGrowthMiB <= demands.mostGrowthMiB &&
      result.caughtUpMs <= demands.caughtUpWithinMs,
  }
}

export function steadyRow(result: SteadyResult): ResultRow {
  const { whenSlow, publisherRatio, fastRatio, slowGrowth, publisherGrowth } = result
  const percent = (growth: number) => `${(100 * growth).toFixed(1)} %`
  return {
    id: `F11/${whenSlow}`,
    fault: `a subscriber needs 1 ms per update under ${result.publisherRate}/s for ${result.seconds} s`,
    injected: `a handler that takes its time, whenSlow ${whenSlow}`,
    times: 1,
    deliveries: result.delivered,
    silent: result.silent,
    reported: result.lost,
    falseLosses: null,
    healP50Ms: result.caughtUpMs,
    healP99Ms: result.caughtUpMs,
    figure:
      `fast ${fastRatio} × of without (asked ${demands.leastRatio}); memory of the slow one ` +
      `${percent(slowGrowth)}, of the publisher ${percent(publisherGrowth)} (at most ${percent(demands.mostDrift)})`,
    met:
      result.silent === 0 &&
      publisherRatio >= demands.leastRatio &&
      fastRatio >= demands.leastRatio &&
      slowGrowth <= demands.mostDrift &&
      publisherGrowth <= demands.mostDrift,
  }
}
