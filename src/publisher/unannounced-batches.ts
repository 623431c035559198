import type { PublishedStream } from './published-stream.ts'

interface HeldBatch {
  readonly stream: PublishedStream
  readonly first: number
}

/** So few are not worth looking through. */
const fewHeld = 1024

/**
 * Batches closed before GENESIS_CLUSTER knew that this process publishes: they leave later, out of
 * retention. What retention has let go of meanwhile is forgotten whenever they have doubled.
 */
export class UnannouncedBatches {
  #held: HeldBatch[] = []
  #lookAt = fewHeld

  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  hold(stream: PublishedStream, first: number): void {
    this.#held.push({ stream, first })
    if (this.#held.length < this.#lookAt) return
    this.#held = this.#held.filter((held) => held.first >= held.stream.firstRetained)
    this.#lookAt = Math.max(fewHeld, 2 * this.#held.length)
  }

  /** All of them, in their order; none is held any more. */
  take(): readonly HeldBatch[] {
    const held = this.#held
    this.#held = []
    return held
  }
}
