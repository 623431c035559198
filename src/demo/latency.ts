import { createHistogram } from 'node:perf_hooks'

/** Longer than any update is on its way, microseconds: the histogram needs an end. */
const mostMicroseconds = 600_000_000

const microsecondsPerMs = 1_000

/**
 * From leaving the publisher to receipt, both by the wall clock of this machine. An update says in
 * whole milliseconds when it left, so a figure is up to one millisecond too large.
 */
export class Latency {
  readonly #histogram = createHistogram({ lowest: 1, highest: mostMicroseconds, figures: 3 })

  /** `publishedAt`: milliseconds since the epoch. */
  record(publishedAt: number): void {
    const ms = performance.timeOrigin + performance.now() - publishedAt
    const microseconds = Math.round(ms * microsecondsPerMs)
    this.#histogram.record(Math.min(Math.max(microseconds, 1), mostMicroseconds))
  }

  /** Milliseconds; null before the first. */
  percentile(percent: number): number | null {
    if (this.#histogram.count === 0) return null
    return this.#histogram.percentile(percent) / microsecondsPerMs
  }
}

/** A latency with one digit behind the point. */
export const shownMs = (ms: number | null): number | null =>
  ms === null ? null : Math.round(ms * 10) / 10
