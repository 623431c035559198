/** How long this process itself stood still, as its late ticks show it: nobody else is charged for it. */
export class OwnStalls {
  readonly #tickMs: number
  #tickedAt: number
  #totalMs = 0

  /** `tickMs`: a tick comes at least so often. */
  constructor(tickMs: number, now: number) {
    this.#tickMs = tickMs
    this.#tickedAt = now
  }

  /** A tick has come. Returns how long the process stood still before it; 0 for less than a tick, which any timer may be late. */
  tick(now: number): number {
    const late = this.#lateMs(now)
    this.#totalMs += late
    this.#tickedAt = now
    return late > this.#tickMs ? late : 0
  }

  /** All of it so far, milliseconds. What comes in may be read before the tick that is late: that counts, too. */
  totalMs(now: number): number {
    return this.#totalMs + this.#lateMs(now)
  }

  #lateMs(now: number): number {
    return Math.max(0, now - this.#tickedAt - this.#tickMs)
  }
}
