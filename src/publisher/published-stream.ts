import { Deque } from '../base/deque.ts'
import type { BatchMessage, StreamState } from '../model/message.ts'

export interface RetainedBatch {
  readonly batch: BatchMessage
  readonly retainedAt: number
}

/** One stream of this publisher: its numbers and what is retained of it. */
export class PublishedStream {
  readonly table: string
  /** Last sequence given to an update. */
  numbered = 0
  /** Last sequence in a closed parcel. */
  closed = 0
  /** Last sequence that has left; behind `numbered` while a parcel is open or waits. */
  sent = 0
  /** When the first update left; null before. Monotonic milliseconds. */
  firstSentAt: number | null = null
  changedAt = -Infinity
  readonly retained = new Deque<RetainedBatch>()
  retainedBytes = 0
  retainedUpdates = 0
  /** Batches at the front that only the reserve still holds. */
  reserved = 0

  constructor(table: string) {
    this.table = table
  }

  /** First sequence still retained; one past the last closed batch when nothing is. */
  get firstRetained(): number {
    return this.retained.at(0)?.batch.first ?? this.closed + 1
  }

  retain(batch: BatchMessage, now: number): void {
    this.retained.push({ batch, retainedAt: now })
    this.retainedBytes += batch.frame.byteLength
    this.retainedUpdates += batch.count
    this.closed = batch.first + batch.count - 1
  }

  evictOldest(): number {
    const oldest = this.retained.shift()
    if (!oldest) return 0
    this.retainedBytes -= oldest.batch.frame.byteLength
    this.retainedUpdates -= oldest.batch.count
    return oldest.batch.frame.byteLength
  }

  stateAt(now: number): StreamState {
    return {
      table: this.table,
      last: this.sent,
      first: Math.min(this.firstRetained, this.sent + 1),
      ageMs: this.firstSentAt === null ? null : now - this.firstSentAt,
    }
  }

  /** The retained batches that hold any of `from` … `to`, in order. */
  *batchesIn(from: number, to: number): Generator<BatchMessage> {
    let low = 0
    let high = this.retained.length
    while (low < high) {
      const middle = (low + high) >> 1
      const { batch } = this.retained.at(middle) as RetainedBatch
      if (batch.first + batch.count <= from) low = middle + 1
      else high = middle
    }
    for (let index = low; index < this.retained.length; index++) {
      const { batch } = this.retained.at(index) as RetainedBatch
      if (batch.first > to) return
      yield batch
    }
  }
}
