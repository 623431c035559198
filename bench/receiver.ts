import { build } from 'hdr-histogram-js'
import type { Latency, Said, Work } from './assignment.ts'
import type { Seat } from './peers/peer.ts'
import type { Trade } from './rows.ts'
import { addToSum, expectedSum, finalSum, rowReader } from './workload.ts'

/** A subscriber says how far it is after so many updates of one publisher. */
export const acknowledgedEvery = 10_000

/** Nothing has come for so long: the rest is lost. */
const silentMs = 10_000
const lookMs = 1000

/** What a subscriber does with what comes: reads, sums and checks it, or takes the time it took. */
export class Receiver {
  readonly #expected: number
  /** Of each publisher. */
  readonly #warmUp: number
  readonly #say: (said: Said) => void
  readonly #taken: number[]
  #received = 0
  #endedAt = 0n

  constructor(seat: Seat, work: Work, say: (said: Said) => void) {
    this.#expected = (work.warmUp + work.updates) * seat.publishers
    this.#warmUp = work.warmUp
    this.#say = say
    this.#taken = Array.from({ length: seat.publishers }, () => 0)
  }

  /** What to call with each update; `finish` ends with an error where a sum is wrong. */
  static for(seat: Seat, work: Work, say: (said: Said) => void) {
    const receiver = new Receiver(seat, work, say)
    const take =
      work.type === 'throughput' ? receiver.#summing(seat, work) : receiver.#timing(seat, work)
    return { take, watch: () => receiver.#watch() }
  }

  #summing(seat: Seat, work: Extract<Work, { type: 'throughput' }>) {
    const read = rowReader(seat.rows, work.reading)
    const updates = work.warmUp + work.updates
    const expected = expectedSum(seat.rows, work.reading, updates, seat.publishers)
    let sum = 0
    return (publisher: number, record: Trade): void => {
      sum = addToSum(sum, read(record))
      const taken = this.#count(publisher)
      if (taken % acknowledgedEvery === 0) this.#say({ type: 'taken', publisher, updates: taken })
      if (++this.#received < this.#expected) return
      if (finalSum(sum) !== expected) throw new Error('the sum of what arrived is wrong')
      this.#finish(null)
    }
  }

  #timing(seat: Seat, work: Extract<Work, { type: 'latency' }>) {
    const histogram = build({
      highestTrackableValue: 60_000_000,
      numberOfSignificantValueDigits: 3,
    })
    const percentile = (percent: number): number => histogram.getValueAtPercentile(percent) / 1000
    this.#latency = () => ({
      p50: percentile(50),
      p99: percentile(99),
      p999: percentile(99.9),
    })
    const warmUp = work.warmUp * seat.publishers
    return (publisher: number, record: Trade): void => {
      const microseconds = Number(process.hrtime.bigint() / 1000n) - record.NOTIONAL
      this.#count(publisher)
      if (++this.#received > warmUp) histogram.recordValue(Math.max(1, Math.round(microseconds)))
      if (this.#received === this.#expected) this.#finish(this.#latency())
    }
  }

  /** How many of a publisher have come, this one too; says so where the warm-up is over. */
  #count(publisher: number): number {
    const taken = (this.#taken[publisher] ?? 0) + 1
    this.#taken[publisher] = taken
    if (taken === this.#warmUp) this.#say({ type: 'taken', publisher, updates: taken })
    return taken
  }

  #latency: () => Latency | null = () => null

  #finish(latency: Latency | null): void {
    this.#endedAt = process.hrtime.bigint()
    const lost = this.#expected - this.#received
    this.#say({ type: 'received', endedAt: this.#endedAt, lost, latency })
  }

  /** Says what is missing when nothing comes any more. */
  #watch(): NodeJS.Timeout {
    let seen = 0
    let changedAt = performance.now()
    return setInterval(() => {
      if (this.#endedAt !== 0n) return
      // Between the warm-up and what is measured nothing comes.
      if (this.#received === this.#warmUp * this.#taken.length) changedAt = performance.now()
      if (this.#received !== seen) {
        seen = this.#received
        changedAt = performance.now()
      } else if (seen > 0 && performance.now() - changedAt > silentMs) this.#finish(this.#latency())
    }, lookMs)
  }
}
