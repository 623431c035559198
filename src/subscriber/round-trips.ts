/** Answers remembered: enough that a few publishers which stood still do not speak for all. */
const remembered = 31

/** How long publishers took to answer the subscriptions of this process, milliseconds. */
export class RoundTrips {
  readonly #last: number[] = []
  #typicalMs: number | null = 0

  add(ms: number): void {
    if (this.#last.push(ms) > remembered) this.#last.shift()
    this.#typicalMs = null
  }

  /** The middle one of the last answers; 0 before the first. */
  get typicalMs(): number {
    this.#typicalMs ??= this.#last.toSorted((a, b) => a - b)[this.#last.length >> 1] ?? 0
    return this.#typicalMs
  }
}
