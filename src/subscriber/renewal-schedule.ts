/** When the next hop of the path from one publisher is made anew. */
export class RenewalSchedule {
  #count = 0
  #nextAt = 0

  /** How many hops were made anew since all was proven. */
  get count(): number {
    return this.#count
  }

  isDue(now: number): boolean {
    return now >= this.#nextAt
  }

  /** The publisher is silent for too long: the first hop, or the one that is next, is due at once. */
  stalled(now: number): void {
    this.#nextAt = now
  }

  /** A hop was made anew. */
  renewed(nextAt: number): void {
    this.#count++
    this.#nextAt = nextAt
  }

  /** All is proven: should there be a next time, it begins with the first hop. */
  proven(): void {
    this.#count = 0
  }
}
