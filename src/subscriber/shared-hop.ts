interface Outage {
  readonly from: number
  /** Infinity: it goes on. */
  to: number
}

/** Outages remembered: nobody is silent across more of them without being gone. */
const mostOutages = 64

/**
 * When the connection was broken over which the updates of most publishers come. Whoever comes over it could not be
 * heard meanwhile, so his silence says nothing: a `GENESIS_CLUSTER` that is restarted takes no publisher with it.
 */
export class SharedHop {
  readonly #mostMs: number
  readonly #outages: Outage[] = []

  /** `mostMs`: of each outage no more counts, since nobody knows whether it will end. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs
  }

  /** Said again it changes nothing. */
  stands(isUp: boolean, now: number): void {
    const last = this.#outages.at(-1)
    const isDown = last?.to === Infinity
    if (isUp && isDown) last.to = now
    if (isUp || isDown) return
    this.#outages.push({ from: now, to: Infinity })
    if (this.#outages.length > mostOutages) this.#outages.shift()
  }

  /** For how much of the time since then it was broken, milliseconds. */
  brokenMs(since: number, now: number): number {
    let sum = 0
    for (const { from, to } of this.#outages) {
      const end = Math.min(to, from + this.#mostMs, now)
      sum += Math.max(0, end - Math.max(from, since))
    }
    return sum
  }
}
