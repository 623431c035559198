import { mqttLimits } from './mqtt-limits.ts'

/**
 * Tells from the ends of connections that another program has the same client id: the broker throws out whichever of the two
 * was there first, and most brokers do so without a word. Time is an argument.
 */
export class Takeovers {
  #connectedAt = -Infinity
  #short: number[] = []

  connected(now: number): void {
    this.#connectedAt = now
  }

  /** True: it goes on like this, so two of them would throw each other out for ever. */
  disconnected(now: number): boolean {
    const { takenOverWithinMs, takenOverTimes, takenOverPeriodMs } = mqttLimits
    if (now - this.#connectedAt > takenOverWithinMs) return false
    this.#short = [...this.#short.filter((at) => now - at < takenOverPeriodMs), now]
    return this.#short.length >= takenOverTimes
  }
}
