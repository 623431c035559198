import type { Random } from '../../../base/random.ts'
import { RangeSet } from '../../../base/range-set.ts'
import type { MulticastLimits } from './multicast-limits.ts'

/** What became of a datagram. */
export type Offered = 'taken' | 'double' | 'ahead' | 'no-room'

/** Consecutive numbers of datagrams. */
export interface DatagramRange {
  readonly from: number
  readonly count: number
}

/** What comes next, in the order of the sender: the records of a datagram, or a hole that will not be closed. */
export type OrderedStep = Buffer | 'hole'

/** How much all origins of a node hold. */
export interface HeldBytes {
  sum: number
}

/**
 * The datagrams of one session of another node, put into order: which there are, which are missing, and when those are
 * asked for or given up. Each number from the next one to the highest known is held, missing, or lost. Time and chance
 * are arguments.
 */
export class DatagramOrder {
  readonly #limits: MulticastLimits
  readonly #random: Random
  readonly #heldOfAll: HeldBytes
  readonly #held = new Map<number, Buffer>()
  readonly #missing = new RangeSet()
  readonly #lost = new RangeSet()
  #heldBytes = 0
  #next: number
  #highest: number
  /** Missing ones up to here were asked for, the first of them at `#askedAt`. */
  #askedTo = 0
  #askedAt = 0
  /** When what was not asked for yet is. */
  #askAt = Infinity
  /** When one of those up to `#missedTo` came last, or the first was missed. */
  #progressAt = 0
  /** The highest number known then, or at the first ask since: what is given up if nothing of it comes. */
  #missedTo = 0
  #skipped = 0

  /** `sent`: up to where it had sent when it was told; what came before is owed to nobody here. */
  constructor(sent: number, limits: MulticastLimits, random: Random, heldOfAll: HeldBytes) {
    this.#limits = limits
    this.#random = random
    this.#heldOfAll = heldOfAll
    this.#next = sent + 1
    this.#highest = sent
  }

  get state(): 'level' | 'gap' {
    return this.#missing.isEmpty ? 'level' : 'gap'
  }

  /** What was sent up to here is given, or lost. */
  get given(): number {
    return this.#next - 1
  }

  /** Datagrams that were given up. */
  get skipped(): number {
    return this.#skipped
  }

  /** What a number says by itself; null: it may be taken. Changes nothing. */
  judge(sequence: number): 'double' | 'ahead' | null {
    if (sequence < this.#next || this.#held.has(sequence) || this.#lost.has(sequence))
      return 'double'
    return sequence >= this.#next + this.#limits.windowDatagrams ? 'ahead' : null
  }

  offer(sequence: number, records: Buffer, now: number): Offered {
    const judged = this.judge(sequence)
    if (judged !== null) return judged
    // What is next is given at once, and makes room.
    if (sequence !== this.#next && !this.#hasRoom(records.length)) {
      this.#giveUp(this.#missing.endOfRunAt(this.#next))
      return 'no-room'
    }
    if (sequence > this.#highest) this.#rise(sequence, sequence, now)
    else {
      this.#missing.remove(sequence, sequence)
      // What was missed since then says nothing of an ask, or its answer, that was lost before.
      const isOld = sequence <= this.#missedTo
      if (isOld || this.#missing.firstFrom(this.#next) > this.#missedTo) this.#progress(now)
    }
    this.#hold(sequence, records)
    return 'taken'
  }

  /** It says what it has sent, and from where on it can repair. */
  told(first: number, sent: number, now: number): void {
    const window = this.#limits.windowDatagrams
    if (sent >= this.#next + window) this.#leap(sent - window / 2)
    if (sent > this.#highest) this.#rise(sent, sent + 1, now)
    this.#giveUp(Math.min(first - 1, this.#highest))
  }

  /** What is next in order; null: nothing is there yet. */
  next(): OrderedStep | null {
    const records = this.#held.get(this.#next)
    if (records !== undefined) {
      this.#release(this.#next, records)
      this.#next++
      return records
    }
    const lostTo = this.#lost.endOfRunAt(this.#next)
    if (lostTo < this.#next) return null
    this.#lost.remove(this.#next, lostTo)
    this.#next = lostTo + 1
    return 'hole'
  }

  /** The numbers to ask for at this time. Gives up what has not come in time. */
  tick(now: number): DatagramRange[] {
    if (this.#missing.isEmpty) return []
    if (now - this.#progressAt >= this.#limits.giveUpMs) {
      this.#giveUp(this.#missedTo)
      this.#progress(now)
    }
    if (now - Math.max(this.#askedAt, this.#progressAt) >= this.#limits.askAgainMs) {
      this.#askedTo = 0
      this.#askedAt = now
      return this.#ask(now)
    }
    if (now < this.#askAt) return []
    if (this.#missing.firstFrom(this.#next) > this.#askedTo) {
      this.#askedAt = now
      this.#missedTo = this.#highest
    }
    return this.#ask(now)
  }

  /** When `tick()` is due; Infinity: nothing is missing. */
  get dueAt(): number {
    if (this.#missing.isEmpty) return Infinity
    const { askAgainMs, giveUpMs } = this.#limits
    const againAt = Math.max(this.#askedAt, this.#progressAt) + askAgainMs
    return Math.min(this.#askAt, againAt, this.#progressAt + giveUpMs)
  }

  /** Nothing of it is wanted any more. */
  close(): void {
    this.#heldOfAll.sum -= this.#heldBytes
    this.#heldBytes = 0
    this.#held.clear()
  }

  #hasRoom(bytes: number): boolean {
    const { heldDatagrams, heldBytes, heldBytesOfAll } = this.#limits
    if (this.#held.size === 0) return true
    return (
      this.#held.size < heldDatagrams &&
      this.#heldBytes + bytes <= heldBytes &&
      this.#heldOfAll.sum + bytes <= heldBytesOfAll
    )
  }

  #hold(sequence: number, records: Buffer): void {
    this.#held.set(sequence, records)
    this.#heldBytes += records.length
    this.#heldOfAll.sum += records.length
  }

  #release(sequence: number, records: Buffer): void {
    this.#held.delete(sequence)
    this.#heldBytes -= records.length
    this.#heldOfAll.sum -= records.length
  }

  /** There are numbers up to `to`; those below `except` that are new are missing. */
  #rise(to: number, except: number, now: number): void {
    const from = this.#highest + 1
    this.#highest = to
    if (from >= except) return
    if (this.#missing.isEmpty) this.#progress(now)
    this.#missing.add(from, except - 1)
    if (this.#askAt === Infinity) this.#askAt = now + this.#soon()
  }

  #progress(now: number): void {
    this.#progressAt = now
    this.#missedTo = this.#highest
  }

  #soon(): number {
    return this.#limits.askDelayMs * (0.5 + this.#random())
  }

  #ask(now: number): DatagramRange[] {
    const ranges: DatagramRange[] = []
    let from = this.#missing.firstFrom(Math.max(this.#next, this.#askedTo + 1))
    while (from !== Infinity && ranges.length < this.#limits.askRanges) {
      this.#askedTo = this.#missing.endOfRunAt(from)
      ranges.push({ from, count: this.#askedTo - from + 1 })
      from = this.#missing.firstFrom(this.#askedTo + 1)
    }
    this.#askAt = from === Infinity ? Infinity : now + this.#soon()
    return ranges
  }

  /** The missing ones up to `to` are lost. */
  #giveUp(to: number): void {
    for (;;) {
      const from = this.#missing.firstFrom(this.#next)
      if (from > to) return
      const end = Math.min(to, this.#missing.endOfRunAt(from))
      this.#missing.remove(from, end)
      this.#lost.add(from, end)
      this.#skipped += end - from + 1
    }
  }

  /** So far behind that nothing of what is missing can be had: what is held is let go, too. */
  #leap(to: number): void {
    this.#skipped += to - this.#next + 1
    for (const [sequence, records] of this.#held) this.#release(sequence, records)
    this.#missing.remove(this.#next, to)
    this.#lost.remove(this.#next, to)
    // One hole, so that what was begun is torn.
    this.#next = to
    this.#highest = to
    this.#lost.add(to, to)
  }
}
