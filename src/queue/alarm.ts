import type { Clock, Timer } from '../base/clock.ts'

/** One timer for all that is due. It is moved only to an earlier time, since most deadlines only recede. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #set: { readonly at: number; readonly timer: Timer } | null = null

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at this time, or before. */
  by(at: number): void {
    if (this.#set && this.#set.at <= at) return
    this.#set?.timer.cancel()
    const timer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#set = null
      this.#ring()
    })
    this.#set = { at, timer }
  }

  cancel(): void {
    this.#set?.timer.cancel()
  }
}
