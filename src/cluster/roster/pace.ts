/**
 * Spaces out work by what it costs: what took long is done again only after some multiple of that,
 * and what comes meanwhile is done together. So it never takes more than a share of the time, and a
 * single piece of it does not wait. Time is an argument.
 */
export class Pace {
  readonly #times: number
  readonly #mostMs: number
  #freeAt = -Infinity

  /** `times`: how often the cost is waited; `mostMs`: how long at most, milliseconds. */
  constructor(times: number, mostMs: number) {
    this.#times = times
    this.#mostMs = mostMs
  }

  /** The work took from here to there. */
  took(began: number, ended: number): void {
    this.#freeAt = ended + Math.min(this.#mostMs, this.#times * (ended - began))
  }

  /** How long it has to wait, milliseconds; 0: not at all. */
  waitMs(now: number): number {
    return Math.max(0, this.#freeAt - now)
  }
}
