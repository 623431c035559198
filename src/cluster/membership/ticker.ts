import type { Clock, Timer } from '../../base/clock.ts'

/** Intervals by which a beat may come late before this process counts as having stood still. */
const tolerated = 2

/** Runs something at an interval and says by how much this process itself stood still since. */
export class Ticker {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #run: (late: number) => void
  #last: number
  #timer: Timer | null = null

  /** `late`: milliseconds beyond the interval, 0 where it is within what is usual. */
  constructor(clock: Clock, intervalMs: number, run: (late: number) => void) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#run = run
    this.#last = clock.now()
    this.#next()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #next(): void {
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      const now = this.#clock.now()
      const elapsed = now - this.#last
      this.#last = now
      this.#next()
      this.#run(elapsed > tolerated * this.#intervalMs ? elapsed - this.#intervalMs : 0)
    })
  }
}
