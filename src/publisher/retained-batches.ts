import { assert } from '../base/assertion.ts'
import { type Chunk, KeptMessage, type RetentionMemory } from './retention-memory.ts'

/**
 * What it takes to send a batch again. Its manifest and its commits lie encoded in the message: kept as
 * objects, too, they would take as much memory as all frames together.
 */
export interface RetainedBatch {
  readonly first: number
  readonly count: number
  /** Monotonic milliseconds. */
  readonly retainedAt: number
  readonly message: KeptMessage
}

/** Of each batch: the columns of `#times` and `#sizes`. */
const [timeColumns, sizeColumns] = [2, 3]
/** So few that V8 keeps the numbers of a table that says little within its heap: thousands of tables are possible. */
const leastCapacity = 4

/**
 * The retained batches of a stream, oldest first: a ring of numbers. As objects, 100,000 of them kept V8
 * at marking while small batches came one by one, and whoever was to send waited for a processor.
 */
export class RetainedBatches {
  #capacity = leastCapacity
  /** First sequence, time. */
  #times = new Float64Array(timeColumns * this.#capacity)
  /** Count, place in the chunk, bytes. */
  #sizes = new Uint32Array(sizeColumns * this.#capacity)
  #chunks: (Chunk | null)[] = new Array<Chunk | null>(this.#capacity).fill(null)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(first: number, count: number, retainedAt: number, message: KeptMessage): void {
    if (this.#length === this.#capacity) this.#resize(2 * this.#capacity)
    const place = this.#place(this.#length++)
    this.#times[timeColumns * place] = first
    this.#times[timeColumns * place + 1] = retainedAt
    this.#sizes[sizeColumns * place] = count
    this.#set(place, message)
  }

  /** Takes the oldest one out. Its message is still to be released. */
  shift(): RetainedBatch | undefined {
    const oldest = this.at(0)
    if (!oldest) return undefined
    this.#chunks[this.#head] = null
    this.#head = this.#place(1)
    this.#length--
    if (4 * this.#length < this.#capacity && this.#capacity > leastCapacity)
      this.#resize(this.#capacity / 2)
    return oldest
  }

  /** The batch at `index` from the oldest one (0) or from the newest one (−1). */
  at(index: number): RetainedBatch | undefined {
    const from = index < 0 ? index + this.#length : index
    if (from < 0 || from >= this.#length) return undefined
    const place = this.#place(from)
    return {
      first: this.#times[timeColumns * place] as number,
      count: this.#sizes[sizeColumns * place] as number,
      retainedAt: this.#times[timeColumns * place + 1] as number,
      message: this.#message(place),
    }
  }

  /** Moves a message to other memory: it is kept long after those around it, and must not keep theirs. */
  moveTo(memory: RetentionMemory, index: number): void {
    assert(index >= 0 && index < this.#length, 'what is moved is retained')
    const place = this.#place(index)
    const message = this.#message(place)
    this.#set(place, memory.keep(message.bytes))
    message.release()
  }

  *[Symbol.iterator](): Generator<RetainedBatch> {
    for (let index = 0; index < this.#length; index++) yield this.at(index) as RetainedBatch
  }

  #place(index: number): number {
    return (this.#head + index) & (this.#capacity - 1)
  }

  #message(place: number): KeptMessage {
    const at = sizeColumns * place
    const [from, byteLength] = [this.#sizes[at + 1], this.#sizes[at + 2]] as [number, number]
    return new KeptMessage(this.#chunks[place] as Chunk, from, byteLength)
  }

  #set(place: number, { chunk, from, byteLength }: KeptMessage): void {
    this.#sizes[sizeColumns * place + 1] = from
    this.#sizes[sizeColumns * place + 2] = byteLength
    this.#chunks[place] = chunk
  }

  /** The ring itself does not count as retained, so it shrinks as well as grows with what it holds. */
  #resize(capacity: number): void {
    const end = this.#head + this.#length
    const wrapped = Math.max(0, end - this.#capacity)
    const straight = this.#length - wrapped
    const ringOf = <Ring extends Float64Array | Uint32Array>(
      from: Ring,
      to: Ring,
      columns: number,
    ) => {
      to.set(from.subarray(columns * this.#head, columns * (this.#head + straight)))
      to.set(from.subarray(0, columns * wrapped), columns * straight)
      return to
    }
    this.#times = ringOf(this.#times, new Float64Array(timeColumns * capacity), timeColumns)
    this.#sizes = ringOf(this.#sizes, new Uint32Array(sizeColumns * capacity), sizeColumns)
    this.#chunks = this.#chunks
      .slice(this.#head, this.#head + straight)
      .concat(this.#chunks.slice(0, wrapped), new Array<null>(capacity - this.#length).fill(null))
    this.#capacity = capacity
    this.#head = 0
  }
}
