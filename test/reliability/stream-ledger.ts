import { RangeSet } from '../../src/base/range-set.ts'
import type { LostEntry } from './journal-line.ts'
import { Timeline } from './timeline.ts'
import type { Violation } from './violation.ts'

const size = (ranges: Iterable<{ readonly from: number; readonly to: number }>): number => {
  let sum = 0
  for (const { from, to } of ranges) sum += to - from + 1
  return sum
}

/** What lies in a set of `from` to `to`. */
export function within(set: RangeSet, from: number, to: number): { from: number; to: number }[] {
  return [...set]
    .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))
    .filter((range) => range.from <= range.to)
}

export const countWithin = (set: RangeSet, from: number, to: number): number =>
  size(within(set, from, to))

interface ToldRange {
  readonly at: number
  readonly from: number
  readonly to: number
  /** Its publisher had been silent for so long that it counted as gone. */
  readonly isSilence: boolean
}

/** Set arithmetic over one stream of one subscription: what came, what was reported lost, what was passed over. */
export class StreamLedger {
  readonly table: string
  /** The first number that came or was reported with a beginning; 0: nothing yet. */
  first = 0
  /** The number that has to come next, once something has. */
  next = 1
  /** Passed over: neither delivered nor reported. */
  readonly missing = new RangeSet()
  /** Reported lost, with an end. */
  readonly lost = new RangeSet()
  /** The same, as it was told. */
  readonly told: ToldRange[] = []
  /** Where a loss without an end begins: 0 from an unknown beginning; null: none is open. */
  openFrom: number | null = null
  #isOpenSilence = false
  openAt = Infinity
  /** Delivered or reported up to there. */
  readonly settled = new Timeline()
  readonly #fail: (violation: Violation) => void

  constructor(table: string, fail: (violation: Violation) => void) {
    this.table = table
    this.#fail = fail
  }

  isToldLost(number: number): boolean {
    return this.lost.has(number) || (this.openFrom !== null && number >= this.openFrom)
  }

  deliver(at: number, from: number, to: number): void {
    const text = `${this.table} ${from} to ${to} at ${at}`
    if (this.openFrom !== null)
      this.#fail({ rule: 'delivered-and-lost', updates: to - from + 1, text: `${text}: open` })
    const isLost = countWithin(this.lost, from, to)
    if (isLost > 0) this.#fail({ rule: 'delivered-and-lost', updates: isLost, text })
    if (this.first === 0) {
      this.first = from
      this.next = from
    }
    if (from < this.next) this.#again(from, Math.min(to, this.next - 1), text)
    this.#passOver(from)
    this.#advance(at, to)
  }

  /** `isGone`: its publisher had been silent for so long that it counted as gone. */
  lose({ at, from, to, ends }: LostEntry, isGone: boolean): void {
    // What ends an open loss belongs to it, whatever word it bears: it was lost for the same reason.
    const isSilence = isGone || (ends && this.#isOpenSilence)
    this.#isOpenSilence = to === null && isSilence
    if (ends && this.openFrom === null) {
      const text = `${this.table} ${from} to ${to} at ${at}`
      this.#fail({ rule: 'end-without-open', updates: 1, text })
    }
    this.openFrom = null
    if (to === null) {
      this.openFrom = from ?? 0
      this.openAt = at
      if (from !== null && this.first > 0) this.#passOver(from)
      return
    }
    const begin = from ?? (this.first === 0 ? 1 : this.next)
    this.lost.add(begin, to)
    if (to >= begin) this.told.push({ at, from: begin, to, isSilence })
    this.missing.remove(begin, to)
    if (this.first === 0 && to >= begin) {
      this.first = begin
      this.next = begin
    }
    this.#passOver(begin)
    this.#advance(at, to)
  }

  #advance(at: number, to: number): void {
    this.next = Math.max(this.next, to + 1)
    if (this.missing.isEmpty) this.settled.add(at, this.next - 1)
  }

  /** Comes behind what came before: late if it was missed, otherwise a second time. */
  #again(from: number, to: number, text: string): void {
    const late = countWithin(this.missing, from, to)
    const lost = countWithin(this.lost, from, to)
    this.missing.remove(from, to)
    if (late > 0) this.#fail({ rule: 'out-of-order', updates: late, text })
    const twice = to - from + 1 - late - lost
    if (twice > 0) this.#fail({ rule: 'twice', updates: twice, text })
  }

  #passOver(from: number): void {
    if (this.first === 0 || from <= this.next) return
    this.missing.add(this.next, from - 1)
    for (const range of this.lost) this.missing.remove(range.from, range.to)
  }
}
