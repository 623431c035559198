/** How long this process itself stood still, as its late ticks show it: nobody else is charged for it. */
export class OwnStalls {
  readonly #tickMs: number
  #lastAt: number
  /** When the next tick comes at the latest. */
  #dueAt: number
  #totalMs = 0

  /** `tickMs`: a tick comes at least so often, unless `nextTickAt()` says otherwise. */
  constructor(tickMs: number, now: number) {
    this.#tickMs = tickMs
    this.#lastAt = now
    this.#dueAt = now + tickMs
  }

  /**
   * A tick has come. Returns how long the process stood still before it; 0 where it is late by less than a tick, as any timer may
   * be. It may have stood still before the tick was due, at any time since the last one: the middle is taken, but no more than
   * half of what the tick is late, so that on a machine where all ticks are late the silence of others still grows.
   */
  tick(now: number): number {
    const late = this.#lateMs(now)
    const pauseMs = this.#dueAt - this.#lastAt
    this.#totalMs += late
    this.#lastAt = now
    this.#dueAt = now + this.#tickMs
    return late > this.#tickMs ? late + Math.min(pauseMs, late) / 2 : 0
  }

  /** There is nothing to do: the next tick may come as late as this. */
  nextTickAt(at: number): void {
    this.#dueAt = Math.max(this.#dueAt, at)
  }

  /** There is something to do again: ticks come as often as before. */
  wake(now: number): void {
    this.#dueAt = Math.min(this.#dueAt, now + this.#tickMs)
  }

  /** All of it so far, milliseconds. What comes in may be read before the tick that is late: that counts, too. */
  totalMs(now: number): number {
    return this.#totalMs + this.#lateMs(now)
  }

  #lateMs(now: number): number {
    return Math.max(0, now - this.#dueAt)
  }
}
