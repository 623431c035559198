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

/**
 * The retained batches of a stream, oldest first: a ring of numbers. As objects, 100,000 of them kept V8
 * at marking while small batches came one by one, and whoever was to send waited for a processor.
 */
export class RetainedBatches {
  #capacity = 16
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
    if (this.#length === this.#capacity) this.#grow()
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

  /** Twice as large, with the oldest one at the beginning. */
  #grow(): void {
    const [times, sizes, chunks, head] = [this.#times, this.#sizes, this.#chunks, this.#head]
    this.#capacity *= 2
    this.#times = new Float64Array(timeColumns * this.#capacity)
    this.#times.set(times.subarray(timeColumns * head))
    this.#times.set(times.subarray(0, timeColumns * head), times.length - timeColumns * head)
    this.#sizes = new Uint32Array(sizeColumns * this.#capacity)
    this.#sizes.set(sizes.subarray(sizeColumns * head))
    this.#sizes.set(sizes.subarray(0, sizeColumns * head), sizes.length - sizeColumns * head)
    const free = new Array<null>(chunks.length).fill(null)
    this.#chunks = [...chunks.slice(head), ...chunks.slice(0, head), ...free]
    this.#head = 0
  }
}
