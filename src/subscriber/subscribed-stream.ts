import { Deque } from '../base/deque.ts'
import type { LossReason } from '../model/loss.ts'
import type { BatchMessage } from '../model/message.ts'
import { LostRanges } from './lost-ranges.ts'
import { SeenBatches } from './seen-batches.ts'
import { StreamRepair } from './stream-repair.ts'

export const lastOf = (batch: BatchMessage): number => batch.first + batch.count - 1

/** A range that is reported lost now, and the bytes of what was held of it. */
interface SkippedRange {
  readonly from: number
  readonly to: number
  readonly reason: LossReason
  readonly bytes: number
}

/** One stream as one subscription sees it: what is owed, what is here, what is missing. */
export class SubscribedStream {
  readonly table: string
  readonly seen = new SeenBatches()
  readonly repair = new StreamRepair()
  #base: number | null = null
  #next = 1
  #known = 0
  #consumed = 0
  readonly #held = new Deque<BatchMessage>()
  readonly #lost = new LostRanges()
  #lostUpTo = -1
  #openLossFrom: number | null | undefined = undefined
  /** That two processes publish it has been said. */
  #isCloneTold = false
  #bytesPerUpdate = 256
  /** From `next` up to here all is held or lost, as far as it was looked at. */
  #coveredTo = 0

  constructor(table: string) {
    this.table = table
  }

  /** Everything after it is owed; null: not known yet, batches are held. */
  get base(): number | null {
    return this.#base
  }

  /** The next sequence to deliver; `base + 1` at first. Moves only by data, refusal or vector. */
  get next(): number {
    return this.#next
  }

  /** The last sequence known to exist. */
  get known(): number {
    return this.#known
  }

  /** Handed to the application or reported, up to here. */
  get consumed(): number {
    return this.#consumed
  }

  /** The application has taken all up to this sequence. */
  consume(last: number): void {
    this.#consumed = Math.max(this.#consumed, last)
  }

  /** Batches not delivered yet, ascending by `first`, none covered by another. */
  get held(): Pick<Deque<BatchMessage>, 'length' | 'at'> & Iterable<BatchMessage> {
    return this.#held
  }

  /** What is next will never come, and that is not reported yet; false: nothing is owed yet. */
  get isNextLost(): boolean {
    if (this.#base === null || this.#lost.isEmpty) return false
    return this.#lost.endOfRunAt(this.#next) >= this.#next
  }

  /** Something will never come, and is not reported yet. */
  get hasLost(): boolean {
    return !this.#lost.isEmpty
  }

  /** The last sequence reported lost: a commit that reaches over it is incomplete. */
  get lostUpTo(): number {
    return this.#lostUpTo
  }

  /** Where an open loss began: a sequence, null for an unknown beginning; undefined: none is open. */
  get openLossFrom(): number | null | undefined {
    return this.#openLossFrom
  }

  /** Of the latest batch: what a range to ask for may weigh. */
  get bytesPerUpdate(): number {
    return this.#bytesPerUpdate
  }

  /**
   * `isLostBefore`: all up to it was reported lost, which the application has when it takes that report. Returns the bytes
   * of the held batches that are not owed.
   */
  setBase(base: number, isLostBefore = false): number {
    this.#base = base
    this.#next = base + 1
    this.#coveredTo = 0
    if (isLostBefore) this.#lostUpTo = base
    else this.#consumed = Math.max(this.#consumed, base)
    return this.#dropDelivered()
  }

  /** It is known to go so far. */
  reaches(last: number): void {
    if (last > this.#known) this.#known = last
  }

  /** A batch of it has come, whatever becomes of it. */
  batchCame(batch: BatchMessage): void {
    this.reaches(lastOf(batch))
    this.#bytesPerUpdate = Math.max(1, batch.frame.byteLength / batch.count)
  }

  /** Two processes publish it. True: that has not been told yet. */
  cloneFound(): boolean {
    const isNew = !this.#isCloneTold
    this.#isCloneTold = true
    return isNew
  }

  /** The batch that is next was handed over. */
  delivered(batch: BatchMessage): void {
    this.#next = lastOf(batch) + 1
  }

  /** The batch that is next cannot be read: its rest is reported lost. */
  unreadable(batch: BatchMessage): void {
    this.#next = lastOf(batch) + 1
    this.#lostUpTo = this.#next - 1
  }

  /** All from here on may be lost: that is told, until `endOpenLoss()`. */
  openLoss(): void {
    this.#openLossFrom = this.#base === null ? null : this.#next
  }

  /** True: an open loss was told, and ends now. */
  endOpenLoss(): boolean {
    const isOpen = this.#openLossFrom !== undefined
    this.#openLossFrom = undefined
    return isOpen
  }

  /** Takes a batch in; tells how many bytes more are held now, or null: all of it is here or delivered already. */
  hold(batch: BatchMessage): number | null {
    const last = lastOf(batch)
    if (this.#base !== null && last < this.#next) return null
    const index = this.#countUntil((held) => held.first > batch.first)
    const before = index > 0 ? this.#held.at(index - 1) : undefined
    if (before && lastOf(before) >= last) return null
    let bytes = batch.frame.byteLength
    let covered = index
    for (; covered < this.#held.length; covered++) {
      const after = this.#held.at(covered) as BatchMessage
      if (lastOf(after) > last) break
      bytes -= after.frame.byteLength
    }
    // One that begins where this does and ends before it.
    const isLonger = before?.first === batch.first
    if (isLonger) bytes -= before.frame.byteLength
    const from = isLonger ? index - 1 : index
    this.#held.replace(from, covered - from, batch)
    this.#lost.remove(batch.first, last)
    return bytes
  }

  /** Takes out what is held first, to be delivered. */
  takeFirst(): BatchMessage | undefined {
    return this.#held.shift()
  }

  /** Lets go of what is held last: it is a gap again. Returns its bytes. */
  letGoLast(): number {
    this.#coveredTo = 0
    return this.#held.pop()?.frame.byteLength ?? 0
  }

  /** Lets go of what lies below `next`; returns its bytes. */
  #dropDelivered(): number {
    let bytes = 0
    for (;;) {
      const first = this.#held.at(0)
      if (!first || lastOf(first) >= this.#next) return bytes
      bytes += first.frame.byteLength
      this.#held.shift()
    }
  }

  /** The last sequence of the unbroken run of held or lost updates that begins at `from`, looked at up to `to`. */
  coveredFrom(from: number, to = Infinity): number {
    let end = from - 1
    while (end < to) {
      const before = end
      end = this.#lost.endOfRunAt(end + 1)
      let at = this.#countUntil((held) => lastOf(held) > end)
      for (; at < this.#held.length && end < to; at++) {
        const batch = this.#held.at(at) as BatchMessage
        if (batch.first > end + 1) break
        end = lastOf(batch)
      }
      if (end === before) break
    }
    return end
  }

  /** How many of the held batches come before the first one of which this is true, as it is of all behind that one. */
  #countUntil(isReached: (held: BatchMessage) => boolean): number {
    let low = 0
    let high = this.#held.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isReached(this.#held.at(middle) as BatchMessage)) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Declares lost what is not held of `from` … `to`. */
  lose(from: number, to: number, reason: LossReason): void {
    let at = Math.max(from, this.#next)
    for (let index = 0; index < this.#held.length; index++) {
      const batch = this.#held.at(index) as BatchMessage
      if (batch.first > to) break
      this.#lost.add(at, Math.min(batch.first - 1, to), reason)
      at = Math.max(at, lastOf(batch) + 1)
    }
    this.#lost.add(at, to, reason)
  }

  /** What is lost right at `next` is passed over, to be reported; null: that is not lost, or nothing is owed yet. */
  skipLost(): SkippedRange | null {
    if (this.#base === null || this.#lost.isEmpty) return null
    const from = this.#next
    const run = this.#lost.runAt(from)
    if (!run) return null
    const { to, reason } = run
    this.#lost.remove(from, to)
    this.#next = to + 1
    this.#lostUpTo = to
    return { from, to, reason, bytes: this.#dropDelivered() }
  }

  /** What was lost behind the first gap belongs to the open loss that begins there. */
  leaveOpen(): void {
    this.#lost.remove(this.coveredFrom(this.#next) + 1, Infinity)
  }

  /** The first missing range at or after `next` and up to what is known; null: there is no gap. */
  gap(): { from: number; to: number } | null {
    if (this.#next > this.#known) return null
    this.#coveredTo = this.coveredFrom(Math.max(this.#next, this.#coveredTo + 1))
    const from = this.#coveredTo + 1
    if (from > this.#known) return null
    const after = this.#countUntil((held) => held.first > from)
    const heldAfter = this.#held.at(after)?.first ?? Infinity
    return { from, to: Math.min(this.#known, heldAfter - 1, this.#lost.firstFrom(from) - 1) }
  }
}
