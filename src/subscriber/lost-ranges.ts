import { RangeSet } from '../base/range-set.ts'
import type { LossReason } from '../model/loss.ts'

/** Sequences of a stream that will never come and have not been reported yet, each with the reason first given. */
export class LostRanges {
  readonly #all = new RangeSet()
  /** The same by reason; they do not overlap. */
  readonly #byReason = new Map<LossReason, RangeSet>()

  get isEmpty(): boolean {
    return this.#all.isEmpty
  }

  /** What is lost already keeps its reason. */
  add(from: number, to: number, reason: LossReason): void {
    for (let at = from; at <= to;) {
      const first = this.#all.endOfRunAt(at) + 1
      const end = Math.min(to, this.#all.firstFrom(first) - 1)
      if (first <= end) this.#of(reason).add(first, end)
      at = end + 1
    }
    this.#all.add(from, to)
  }

  remove(from: number, to: number): void {
    if (this.#all.firstFrom(from) > to) return
    this.#all.remove(from, to)
    for (const ranges of this.#byReason.values()) ranges.remove(from, to)
  }

  /** The last number of the unbroken run that begins at `from`, whatever the reasons; `from − 1`: `from` is not lost. */
  endOfRunAt(from: number): number {
    return this.#all.endOfRunAt(from)
  }

  /** The run that begins at `from` and has one reason; null: `from` is not lost. */
  runAt(from: number): { readonly to: number; readonly reason: LossReason } | null {
    for (const [reason, ranges] of this.#byReason) {
      const to = ranges.endOfRunAt(from)
      if (to >= from) return { to, reason }
    }
    return null
  }

  /** The first lost number that is at least `from`, or Infinity. */
  firstFrom(from: number): number {
    return this.#all.firstFrom(from)
  }

  #of(reason: LossReason): RangeSet {
    let ranges = this.#byReason.get(reason)
    if (!ranges) this.#byReason.set(reason, (ranges = new RangeSet()))
    return ranges
  }
}
