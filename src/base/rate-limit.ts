/** At most one of a kind within an interval. Time is an argument. */
export class RateLimit {
  readonly #intervalMs: number
  /** By key, oldest first. */
  readonly #admitted = new Map<string, number>()

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /** Keys that were admitted within the interval, as of the last question. */
  get remembered(): number {
    return this.#admitted.size
  }

  /** `most`: of so many kinds at most within an interval. */
  admits(key: string, now: number, most = Infinity): boolean {
    for (const [each, at] of this.#admitted) {
      if (now - at < this.#intervalMs) break
      this.#admitted.delete(each)
    }
    if (this.#admitted.has(key) || this.#admitted.size >= most) return false
    this.#admitted.set(key, now)
    return true
  }
}
