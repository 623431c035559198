/** One renewal of a hop within this many milliseconds: a second one would only cut the first short. */
const renewalIntervalMs = 2_000

/** Hops remembered before those of long ago are forgotten. */
const maxRemembered = 1_024

/** Keeps renewals of one hop apart, whoever asks for them. */
export class RenewalLimit {
  readonly #last = new Map<string, number>()

  /** True when the hop may be renewed now; counts as done then. `now` in milliseconds. */
  take(hop: string, now: number): boolean {
    const last = this.#last.get(hop)
    if (last !== undefined && now - last < renewalIntervalMs) return false
    this.#last.set(hop, now)
    if (this.#last.size > maxRemembered) this.#forget(now)
    return true
  }

  #forget(now: number): void {
    for (const [hop, last] of this.#last) {
      if (now - last >= renewalIntervalMs) this.#last.delete(hop)
    }
  }
}
