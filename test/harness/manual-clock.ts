import { type Clock, type Timer, systemClock } from '../../src/base/clock.ts'

/** Time that moves when it is told to; timers may come late, as on a busy machine. Turns are those of the process. */
export class ManualClock implements Clock {
  readonly #due = new Set<{ at: number; run: () => void }>()
  #now: number

  constructor(now = 0) {
    this.#now = now
  }

  now = (): number => this.#now
  wallClock = (): number => this.#now
  endOfTurn = (run: () => void): void => systemClock.endOfTurn(run)

  after = (ms: number, run: () => void): Timer => {
    const timer = { at: this.#now + ms, run }
    this.#due.add(timer)
    return { cancel: () => void this.#due.delete(timer) }
  }

  /** Runs what is due by then. */
  moveTo(time: number): void {
    this.#now = time
    for (const timer of [...this.#due].filter(({ at }) => at <= time)) {
      this.#due.delete(timer)
      timer.run()
    }
  }

  moveBy(ms: number): void {
    this.moveTo(this.#now + ms)
  }

  /** Timers that are set. */
  get waiting(): number {
    return this.#due.size
  }
}
