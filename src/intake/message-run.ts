import { type ForeignTables, type TableCounts, addTo } from './foreign-tables.ts'
import { bodyOf, endOfMessage, moreFlag, sizeOf } from './zmtp.ts'

/** Whole messages as they came, one behind the other: made into frames one at a time, when they are read. */
export class MessageRun {
  readonly #bytes: Buffer
  /** Bytes of messages; behind them there may be room for more. */
  #filled: number
  #left: number
  #isOfRoom = false
  #at = 0

  constructor(bytes: Buffer, messages: number) {
    this.#bytes = bytes
    this.#left = messages
    this.#filled = bytes.length
  }

  /** An empty run that small pieces are put into. */
  static ofRoom(bytes: number): MessageRun {
    const run = new MessageRun(Buffer.allocUnsafeSlow(bytes), 0)
    run.#filled = 0
    run.#isOfRoom = true
    return run
  }

  /** Bytes of memory that it keeps. */
  get memory(): number {
    return this.#bytes.buffer.byteLength
  }

  /** Small pieces have been put into it. */
  get isOfRoom(): boolean {
    return this.#isOfRoom
  }

  /** Puts more messages behind the last; false: there is no room. */
  append(bytes: Buffer, messages: number): boolean {
    if (this.#filled + bytes.length > this.#bytes.length) return false
    this.#filled += bytes.copy(this.#bytes, this.#filled)
    this.#left += messages
    return true
  }

  /** Messages that nobody has taken. */
  get left(): number {
    return this.#left
  }

  /** The frames of the next message, views of what came; of an empty run none. */
  shift(): Buffer[] {
    const frames: Buffer[] = []
    if (this.#left === 0) return frames
    const bytes = this.#bytes
    let at = this.#at
    for (let isLast = false; !isLast;) {
      const body = bodyOf(bytes, at)
      const end = body + sizeOf(bytes, at)
      isLast = ((bytes[at] ?? 0) & moreFlag) === 0
      frames.push(bytes.subarray(body, end))
      at = end
    }
    this.#at = at
    this.#left -= 1
    return frames
  }

  /** As many messages from the front as have this many bytes, copied; they are no longer here. */
  take(most: number): MessageRun {
    const from = this.#at
    let count = 0
    for (; count < this.#left; count++) {
      const end = endOfMessage(this.#bytes, this.#at, from + most - this.#at)
      if (end === 0) break
      this.#at = end
    }
    this.#left -= count
    return new MessageRun(ownCopy(this.#bytes.subarray(from, this.#at)), count)
  }

  /** Takes all that is left, and counts it by table. */
  countInto(counts: TableCounts, tables: ForeignTables): void {
    let last: string | null = null
    let ofLast = 0
    for (; this.#left > 0; this.#left--) {
      const body = bodyOf(this.#bytes, this.#at)
      const table = tables.tableOf(this.#bytes, body, body + sizeOf(this.#bytes, this.#at))
      this.#at = endOfMessage(this.#bytes, this.#at, Infinity)
      if (table !== last) {
        if (ofLast > 0) addTo(counts, last, ofLast)
        last = table
        ofLast = 0
      }
      ofLast += 1
    }
    if (ofLast > 0) addTo(counts, last, ofLast)
  }
}

/** In memory of their own: a view keeps all of the piece of which it is a part. */
export function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
