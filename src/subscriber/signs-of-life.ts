/**
 * When this process last had any frame of each publisher. Of a frame that concerns one subscription
 * the others hear nothing, and a publisher that sends to one of them is not gone to the others.
 */
export class SignsOfLife {
  readonly #most: number
  readonly #heardAt = new Map<string, number>()

  /** `most`: publishers remembered. With more of them all are forgotten, and soon heard again. */
  constructor(most: number) {
    this.#most = most
  }

  heard(incarnation: string, now: number): void {
    this.#heardAt.set(incarnation, now)
    if (this.#heardAt.size > this.#most) this.#heardAt.clear()
  }

  at(incarnation: string): number {
    return this.#heardAt.get(incarnation) ?? -Infinity
  }

  /** Time in which this process stood still is charged to nobody. */
  stoodStill(ms: number, now: number): void {
    for (const [incarnation, at] of this.#heardAt)
      this.#heardAt.set(incarnation, Math.min(now, at + ms))
  }
}
