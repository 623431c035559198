/**
 * Room for four batches of the size at which one is closed, with their topics and headers. A chunk is
 * never filled to its end, so memory may be a quarter more than the bytes kept in it.
 */
export const batchChunkBytes = 4 * (256 + 16) * 1024
/** For what is kept long of each stream: little, of many streams. */
export const reserveChunkBytes = 16 * 1024

/** The first chunk is small, for a publisher that says little; each one after it is twice as large. */
const firstChunkBytes = 16 * 1024
/** Free chunks kept for what comes next, where V8 counts them; more of them means that retention has shrunk. */
const maxSpareChunks = 2

/** How a chunk gets its memory; its contents are undefined. */
type Allocate = (bytes: number) => Buffer

/**
 * Memory that V8 does not count. What it counts, and sees grow by some MiB, has it mark the old generation,
 * on threads that take the processor from who sends and who receives. What is let go of it V8 does not miss
 * either, and may not collect for hours: it is kept for what comes next.
 */
export const uncounted: Allocate = (bytes) => Buffer.from(new SharedArrayBuffer(bytes))
/** Half again as fast to copy much into at once. */
export const counted: Allocate = (bytes) => Buffer.allocUnsafeSlow(bytes)

/** Memory that several messages share. */
export class Chunk {
  readonly memory: Buffer
  readonly #owner: RetentionMemory
  #used = 0
  /** Messages in it that are still kept. */
  #live = 0

  constructor(owner: RetentionMemory, memory: Buffer) {
    this.#owner = owner
    this.memory = memory
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.memory.length - this.#used
  }

  /** Copies a message behind what is in it; it has to fit. */
  keep(message: Uint8Array): KeptMessage {
    const from = this.#used
    this.memory.set(message, from)
    this.#used += message.byteLength
    this.#live += 1
    return new KeptMessage(this, from, message.byteLength)
  }

  /** One of its messages is kept no more. */
  release(): void {
    this.#live -= 1
    if (this.#live !== 0) return
    this.#used = 0
    this.#owner.reuse(this)
  }
}

/** A copy of a message in the memory of retention. */
export class KeptMessage {
  readonly chunk: Chunk
  readonly from: number
  readonly byteLength: number

  constructor(chunk: Chunk, from: number, byteLength: number) {
    this.chunk = chunk
    this.from = from
    this.byteLength = byteLength
  }

  /** Its bytes: to be copied at once, since another message takes their place after `release()`. */
  get bytes(): Uint8Array {
    return this.chunk.memory.subarray(this.from, this.from + this.byteLength)
  }

  release(): void {
    this.chunk.release()
  }
}

/**
 * Where a publisher keeps what it has sent: copies in chunks that are filled again and again. The
 * messages themselves, kept for minutes, would make V8 collect the old generation several times a
 * second, and the memory of each new one cold: libzmq reads a message long after it was sent, and
 * nothing says when it is done with it.
 */
export class RetentionMemory {
  readonly #chunkBytes: number
  readonly #allocate: Allocate
  #nextBytes: number
  #open: Chunk | null = null
  readonly #spare: Chunk[] = []

  /** `chunkBytes`: what fills more than a quarter of a chunk has memory of its own, which is counted. */
  constructor(chunkBytes: number, allocate: Allocate = counted) {
    this.#chunkBytes = chunkBytes
    this.#allocate = allocate
    this.#nextBytes = Math.min(firstChunkBytes, chunkBytes)
  }

  /** Copies a message to where there is room. */
  keep(message: Uint8Array): KeptMessage {
    return this.#chunkFor(message.byteLength).keep(message)
  }

  /** Nothing of this chunk is kept any more. */
  reuse(chunk: Chunk): void {
    const isSpare = chunk !== this.#open && chunk.memory.length === this.#chunkBytes
    const most = this.#allocate === uncounted ? Infinity : maxSpareChunks
    if (isSpare && this.#spare.length < most) this.#spare.push(chunk)
  }

  #chunkFor(bytes: number): Chunk {
    // Of two sizes that hardly fit together, or that fit none, a chunk would be half empty.
    if (bytes > this.#chunkBytes / 4) return new Chunk(this, counted(bytes))
    while (!this.#open || this.#open.room < bytes) {
      this.#open = this.#spare.pop() ?? new Chunk(this, this.#allocate(this.#nextBytes))
      this.#nextBytes = Math.min(2 * this.#nextBytes, this.#chunkBytes)
    }
    return this.#open
  }
}
