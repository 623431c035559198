import type { Clock } from '../base/clock.ts'

/** Characters of a body that are worked on at once: a few milliseconds. */
const textAtOnce = 256 * 1024

/** Lets others have their turn while a large body is worked on. */
export class Turn {
  readonly #clock: Clock
  #text = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Some characters have been worked on. */
  async after(characters: number): Promise<void> {
    this.#text += characters
    if (this.#text < textAtOnce) return
    this.#text = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#clock.endOfTurn(resolve)
    await promise
  }
}
