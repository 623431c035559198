import type { Clock, Timer } from '../base/clock.ts'
import { socketLimits } from './socket-options.ts'

/** After so long libzmq has put out whoever has not finished a handshake, at any port. */
const judgedAfterMs = socketLimits.farHandshakeIntervalMs + 500

/**
 * Counts who came to a bound port and never finished a handshake. libzmq's events do not tell the
 * connections of a port apart, but they can be counted: who was accepted long enough ago and has not
 * finished its handshake never will.
 */
export class Arrivals {
  readonly #clock: Clock
  readonly #stranger: () => void
  /** Accepted since the timer was set: judged when the one after it goes off. */
  #late = 0
  #due = 0
  #timer: Timer | null = null
  /** Accepted long enough ago, and without a handshake yet. Below 0: newer ones have finished theirs. */
  #owed = 0

  constructor(clock: Clock, stranger: () => void) {
    this.#clock = clock
    this.#stranger = stranger
  }

  accepted(): void {
    this.#late += 1
    this.#wait()
  }

  /** A handshake has ended: well, or with a verdict that is told elsewhere. */
  handshakeEnded(): void {
    this.#owed -= 1
  }

  close(): void {
    this.#timer?.cancel()
    this.#late = 0
    this.#due = 0
  }

  #wait(): void {
    if (this.#timer !== null || this.#late + this.#due === 0) return
    this.#due = this.#late
    this.#late = 0
    this.#timer = this.#clock.after(judgedAfterMs, () => {
      this.#timer = null
      this.#owed += this.#due
      this.#due = 0
      for (; this.#owed > 0; this.#owed--) this.#stranger()
      this.#wait()
    })
  }
}
