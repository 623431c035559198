import type { OutgoingBatch, StreamState } from '../model/message.ts'
import { updateTopic } from '../model/topic.ts'
import { type RetainedBatch, RetainedBatches } from './retained-batches.ts'
import type { KeptMessage, RetentionMemory } from './retention-memory.ts'

/** The numbers of a batch. */
type Numbers = Pick<RetainedBatch, 'first' | 'count'>

/** What is retained changes by the events of its stream alone. */
type ReadableBatches = Pick<RetainedBatches, 'length' | 'at' | typeof Symbol.iterator>

/**
 * One stream of this publisher: its numbers and what is retained of it. An update is numbered, then retained,
 * then it leaves: `sent` ≤ `closed` ≤ `numbered`.
 */
export class PublishedStream {
  readonly table: string
  readonly topic: string
  #numbered = 0
  #closed = 0
  #sent = 0
  /** When the first update left; null before. Monotonic milliseconds. */
  #firstSentAt: number | null = null
  #changedAt = -Infinity
  readonly #retained = new RetainedBatches()
  /** When the latest batch that is no longer retained was. */
  #evictedAt = -Infinity
  #retainedBytes = 0
  #retainedUpdates = 0
  /** Batches at the front that only the reserve still holds. */
  #reserved = 0

  constructor(table: string) {
    this.table = table
    this.topic = updateTopic(table)
  }

  /** Last sequence given to an update. */
  get numbered(): number {
    return this.#numbered
  }

  /** Last sequence that was retained, and sent unless it is held; what follows is in a parcel. */
  get closed(): number {
    return this.#closed
  }

  /** Last sequence that has left; behind `numbered` while a parcel is open or waits. */
  get sent(): number {
    return this.#sent
  }

  /** When something left last; -Infinity before. Monotonic milliseconds. */
  get changedAt(): number {
    return this.#changedAt
  }

  get retained(): ReadableBatches {
    return this.#retained
  }

  get retainedBytes(): number {
    return this.#retainedBytes
  }

  get retainedUpdates(): number {
    return this.#retainedUpdates
  }

  /** First sequence still retained; one past the last that was when nothing is. */
  get firstRetained(): number {
    return this.#retained.at(0)?.first ?? this.#closed + 1
  }

  get hasReserve(): boolean {
    return this.#reserved > 0
  }

  /** The oldest batch that is not of the reserve. */
  get oldestUnreserved(): RetainedBatch | undefined {
    return this.#retained.at(this.#reserved)
  }

  /** Gives the next numbers to so many updates. */
  number(updates: number): void {
    this.#numbered += updates
  }

  /** The batch that follows was closed: it is kept from now on. */
  retain({ first, count }: OutgoingBatch, message: KeptMessage, now: number): void {
    this.#retained.push(first, count, now, message)
    this.#retainedBytes += message.byteLength
    this.#retainedUpdates += count
    this.#closed = first + count - 1
  }

  /** A batch leaves. `beganAt`: when the stream has begun, if this is its first. */
  left({ first, count }: Numbers, now: number, beganAt: number): void {
    this.#leftUpTo(first + count - 1, now, beganAt)
  }

  /** What was held and is retained no more counts as sent: whoever asks learns that it is lost. */
  passOver(now: number): void {
    if (this.#sent < this.#closed) this.#leftUpTo(this.#closed, now, now)
  }

  #leftUpTo(last: number, now: number, beganAt: number): void {
    this.#sent = last
    this.#firstSentAt ??= beganAt
    this.#changedAt = now
  }

  /** Lets go of the oldest batch, which is of the reserve if there is one. Returns its bytes. */
  evictOldest(): number {
    const oldest = this.#retained.shift()
    if (!oldest) return 0
    if (this.#reserved > 0) this.#reserved--
    this.#evictedAt = oldest.retainedAt
    this.#retainedBytes -= oldest.message.byteLength
    this.#retainedUpdates -= oldest.count
    oldest.message.release()
    return oldest.message.byteLength
  }

  /** The oldest batch that is not of the reserve becomes its newest, and moves to memory for what is kept long. */
  reserveNext(memory: RetentionMemory): void {
    this.#retained.moveTo(memory, this.#reserved)
    this.#reserved++
  }

  stateAt(now: number, sinceMs: number): StreamState {
    const first = Math.min(this.firstRetained, this.#sent + 1)
    return {
      table: this.table,
      last: this.#sent,
      first,
      since: this.#firstSince(now - sinceMs, first),
      ageMs: this.#firstSentAt === null ? null : now - this.#firstSentAt,
    }
  }

  #firstSince(time: number, first: number): number {
    if (this.#evictedAt >= time) return Math.max(1, first - 1)
    const index = this.#search(({ retainedAt }) => retainedAt < time)
    return Math.min(this.#retained.at(index)?.first ?? Infinity, this.#sent + 1)
  }

  /** How many of the retained batches, from the oldest on, are so: none that follows one that is not. */
  #search(isBefore: (batch: RetainedBatch) => boolean): number {
    let low = 0
    let high = this.#retained.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(this.#retained.at(middle) as RetainedBatch)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The retained batches that hold any of `from` … `to`, in order. */
  *batchesIn(from: number, to: number): Generator<RetainedBatch> {
    const before = this.#search(({ first, count }) => first + count <= from)
    for (let index = before; index < this.#retained.length; index++) {
      const batch = this.#retained.at(index) as RetainedBatch
      if (batch.first > to) return
      yield batch
    }
  }
}
