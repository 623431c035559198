import { Deque } from '../base/deque.ts'
import type { OutgoingBatch } from '../model/message.ts'
import type { PublishedStream } from './published-stream.ts'
import type { PublisherLimits } from './publisher-limits.ts'
import {
  batchChunkBytes,
  reserveChunkBytes,
  RetentionMemory,
  uncounted,
} from './retention-memory.ts'

/** Messages up to here come by the thousand, and grow retention bit by bit. */
const smallMessageBytes = 16 * 1024

/**
 * What the publisher keeps of its streams to close gaps: oldest out first, by bytes and by age.
 * A stream's last updates (the reserve) stay whatever the others do: its batches that come up for
 * eviction too early are set aside and go when newer ones of the same stream have taken their place.
 */
export class Retention {
  readonly #limits: PublisherLimits
  /** Streams in the order in which their batches were retained, one entry a batch. */
  readonly #order = new Deque<PublishedStream>()
  readonly #small = new RetentionMemory(batchChunkBytes, uncounted)
  readonly #large = new RetentionMemory(batchChunkBytes)
  readonly #reserve = new RetentionMemory(reserveChunkBytes, uncounted)
  #bytes = 0

  constructor(limits: PublisherLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** When the oldest of what is retained, reserves aside, came here; null: there is none. Monotonic milliseconds. */
  get since(): number | null {
    return this.#order.at(0)?.oldestUnreserved?.retainedAt ?? null
  }

  add(stream: PublishedStream, batch: OutgoingBatch, now: number): void {
    const { message } = batch
    const memory = message.byteLength > smallMessageBytes ? this.#large : this.#small
    stream.retain(batch, memory.keep(message), now)
    this.#order.push(stream)
    this.#bytes += message.byteLength
    while (stream.hasReserve && !this.#isReserve(stream)) this.#bytes -= stream.evictOldest()
    this.expire(now)
  }

  /** Lets go of what is over the bytes or the age. */
  expire(now: number): void {
    for (;;) {
      const stream = this.#order.at(0)
      if (!stream) return
      const oldest = stream.oldestUnreserved
      const tooOld = oldest !== undefined && now - oldest.retainedAt > this.#limits.retentionAgeMs
      if (this.#bytes <= this.#limits.retentionBytes && !tooOld) return
      this.#order.shift()
      // Without a reserve the oldest batch is the one this entry stands for. With one, an older
      // batch goes and the one this entry stands for takes its place in the reserve.
      const isReserve = this.#isReserve(stream)
      const joinsReserve = isReserve || stream.hasReserve
      if (!isReserve) this.#bytes -= stream.evictOldest()
      if (joinsReserve) stream.reserveNext(this.#reserve)
    }
  }

  /** Lets go of all that these streams have, their reserves too: they are all there are. */
  forget(streams: Iterable<PublishedStream>): void {
    for (const stream of streams)
      while (stream.retained.length > 0) this.#bytes -= stream.evictOldest()
    while (this.#order.shift()) continue
  }

  /**
   * The reserve is counted from the newest batch back; a batch larger than a parcel should be is
   * never part of it, so that the reserves of many tables stay small beside the retention.
   */
  #isReserve(stream: PublishedStream): boolean {
    const oldest = stream.retained.at(0)
    if (!oldest || oldest.message.byteLength > 2 * this.#limits.parcelBytes) return false
    return (
      stream.retainedUpdates - oldest.count < this.#limits.reserveUpdates &&
      stream.retainedBytes - oldest.message.byteLength < this.#limits.reserveBytes
    )
  }
}
