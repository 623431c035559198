/** The first chunk is small, for a publisher that says little; each one after it is twice as large. */
const leastChunkBytes = 16 * 1024
/** Large enough that chunks are few, small enough that what is let go soon leaves a whole one free. */
const mostChunkBytes = 1024 * 1024
/** Free chunks kept for what comes next; more of them means that retention has shrunk. */
const maxSpareChunks = 2

class Chunk {
  readonly memory: Buffer
  used = 0
  /** Messages in it that are still kept. */
  live = 0

  constructor(bytes: number) {
    this.memory = Buffer.allocUnsafeSlow(bytes)
  }
}

/** A copy of a message in the memory of retention. */
export class KeptMessage {
  readonly byteLength: number
  #memory: RetentionMemory
  #chunk: Chunk
  #from: number

  constructor(memory: RetentionMemory, chunk: Chunk, from: number, byteLength: number) {
    this.#memory = memory
    this.#chunk = chunk
    this.#from = from
    this.byteLength = byteLength
  }

  /** Its bytes: to be copied at once, since another message takes their place when this is released. */
  get bytes(): Uint8Array {
    return this.#chunk.memory.subarray(this.#from, this.#from + this.byteLength)
  }

  release(): void {
    this.#memory.release(this.#chunk)
  }

  /** Moves to a chunk of its own: it is kept long after those around it, and must not keep their memory. */
  moveOut(): void {
    const own = new Chunk(this.byteLength)
    own.memory.set(this.bytes)
    own.live = 1
    this.release()
    this.#chunk = own
    this.#from = 0
  }
}

/**
 * Where a publisher keeps what it has sent: copies in chunks that are filled again and again. The messages
 * themselves, kept for minutes, would make V8 collect the old generation several times a second, and the memory
 * of each new one cold: libzmq reads a message long after it was sent, and nothing says when it is done with it.
 */
export class RetentionMemory {
  #open: Chunk | null = null
  #nextBytes = leastChunkBytes
  readonly #spare: Chunk[] = []

  keep(message: Uint8Array): KeptMessage {
    const chunk = this.#chunkFor(message.byteLength)
    const from = chunk.used
    chunk.memory.set(message, from)
    chunk.used += message.byteLength
    chunk.live += 1
    return new KeptMessage(this, chunk, from, message.byteLength)
  }

  /** A message in this chunk is kept no more. */
  release(chunk: Chunk): void {
    chunk.live -= 1
    if (chunk.live > 0) return
    chunk.used = 0
    if (chunk !== this.#open && chunk.memory.length === mostChunkBytes)
      if (this.#spare.length < maxSpareChunks) this.#spare.push(chunk)
  }

  #chunkFor(bytes: number): Chunk {
    if (bytes > mostChunkBytes) return new Chunk(bytes)
    while (!this.#open || this.#open.memory.length - this.#open.used < bytes) {
      this.#open = this.#spare.pop() ?? new Chunk(this.#nextBytes)
      this.#nextBytes = Math.min(2 * this.#nextBytes, mostChunkBytes)
    }
    return this.#open
  }
}
