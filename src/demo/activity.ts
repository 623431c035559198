import type { Cell } from '../base/text-table.ts'
import { grouped } from '../base/text-table.ts'
import { shownMs } from './latency.ts'
import type { Report, ViewFigures } from './reports.ts'

/** Rates are taken over so long, milliseconds. */
const rateSpanMs = 1_000

export const activityHeader = ['PROCESS', 'NODE', 'NOW', 'COUNT', 'PER S', 'P50 MS']

/** What one process of the demonstration is doing, as its reports tell. */
export class Activity {
  readonly name: string
  readonly host: string
  #state: string
  #count = ''
  #figures: ViewFigures | null = null
  readonly #samples: { readonly at: number; readonly count: number }[] = []

  constructor(name: string, host: string, state: string) {
    this.name = name
    this.host = host
    this.#state = state
  }

  /** `now`: milliseconds on a monotonic clock. */
  take(report: Report, now: number): void {
    if (report.type === 'state') this.#state = report.state
    else if (report.type === 'written') {
      const { changes, of } = report
      this.#count =
        of === null ? `${grouped(changes)} corrected` : `${grouped(changes)} of ${grouped(of)} rows`
      this.#sample(changes, now)
    } else if (report.type === 'figures') {
      const { figures } = report
      this.#figures = figures
      this.#count = `${grouped(figures.updates)} updates`
      this.#sample(figures.updates, now)
    }
  }

  cells(now: number): Cell[] {
    const p50Ms = this.#figures?.p50Ms ?? null
    return [this.name, this.host, this.#state, this.#count, this.#rate(now), shownMs(p50Ms)]
  }

  /** For a log without a terminal; null where there is nothing to count. */
  summary(): string | null {
    return this.#count === ''
      ? null
      : `${this.name} on ${this.host}: ${this.#state}, ${this.#count}`
  }

  #sample(count: number, at: number): void {
    this.#samples.push({ at, count })
  }

  #rate(now: number): number | null {
    while ((this.#samples[1]?.at ?? now) < now - rateSpanMs) this.#samples.shift()
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (!first || !last) return null
    const seconds = (now - first.at) / 1_000
    return seconds > 0 ? Math.round((last.count - first.count) / seconds) : 0
  }
}
