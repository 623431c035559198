import type { OutgoingBatch, StreamState } from '../model/message.ts'
import { updateTopic } from '../model/topic.ts'
import { type RetainedBatch, RetainedBatches } from './retained-batches.ts'
import type { KeptMessage } from './retention-memory.ts'

/** One stream of this publisher: its numbers and what is retained of it. */
export class PublishedStream {
  readonly table: string
  readonly topic: string
  /** Last sequence given to an update. */
  numbered = 0
  /** Last sequence that was retained, and sent unless it is held; what follows is in a parcel. */
  closed = 0
  /** Last sequence that has left; behind `numbered` while a parcel is open or waits. */
  sent = 0
  /** When the first update left; null before. Monotonic milliseconds. */
  firstSentAt: number | null = null
  changedAt = -Infinity
  readonly retained = new RetainedBatches()
  /** When the latest batch that is no longer retained was. */
  #evictedAt = -Infinity
  retainedBytes = 0
  retainedUpdates = 0
  /** Batches at the front that only the reserve still holds. */
  reserved = 0

  constructor(table: string) {
    this.table = table
    this.topic = updateTopic(table)
  }

  /** First sequence still retained; one past the last that was when nothing is. */
  get firstRetained(): number {
    return this.retained.at(0)?.first ?? this.closed + 1
  }

  retain({ first, count }: OutgoingBatch, message: KeptMessage, now: number): void {
    this.retained.push(first, count, now, message)
    this.retainedBytes += message.byteLength
    this.retainedUpdates += count
    this.closed = first + count - 1
  }

  evictOldest(): number {
    const oldest = this.retained.shift()
    if (!oldest) return 0
    this.#evictedAt = oldest.retainedAt
    this.retainedBytes -= oldest.message.byteLength
    this.retainedUpdates -= oldest.count
    oldest.message.release()
    return oldest.message.byteLength
  }

  stateAt(now: number, sinceMs: number): StreamState {
    const first = Math.min(this.firstRetained, this.sent + 1)
    return {
      table: this.table,
      last: this.sent,
      first,
      since: this.#firstSince(now - sinceMs, first),
      ageMs: this.firstSentAt === null ? null : now - this.firstSentAt,
    }
  }

  #firstSince(time: number, first: number): number {
    if (this.#evictedAt >= time) return Math.max(1, first - 1)
    const index = this.#search(({ retainedAt }) => retainedAt < time)
    return Math.min(this.retained.at(index)?.first ?? Infinity, this.sent + 1)
  }

  /** How many of the retained batches, from the oldest on, are so: none that follows one that is not. */
  #search(isBefore: (batch: RetainedBatch) => boolean): number {
    let low = 0
    let high = this.retained.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(this.retained.at(middle) as RetainedBatch)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The retained batches that hold any of `from` … `to`, in order. */
  *batchesIn(from: number, to: number): Generator<RetainedBatch> {
    const before = this.#search(({ first, count }) => first + count <= from)
    for (let index = before; index < this.retained.length; index++) {
      const batch = this.retained.at(index) as RetainedBatch
      if (batch.first > to) return
      yield batch
    }
  }
}
