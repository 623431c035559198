import type { Clock } from './clock.ts'

/** Does one thing when the current turn of the event loop is over, once, however often it is asked for. */
export class EndOfTurn {
  readonly #clock: Pick<Clock, 'endOfTurn'>
  readonly #run: () => void
  #isScheduled = false

  constructor(clock: Pick<Clock, 'endOfTurn'>, run: () => void) {
    this.#clock = clock
    this.#run = run
  }

  ask(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.endOfTurn(this.#onEnd)
  }

  readonly #onEnd = (): void => {
    this.#isScheduled = false
    this.#run()
  }
}
