import type { RoundTrips } from './round-trips.ts'

/**
 * The longest round trip that is believed, milliseconds: a publisher that stood still before it was ever heard answers
 * late, and that is no length of its way.
 */
const longestRoundTripMs = 4_000

/**
 * The longest pause for an answer, milliseconds: one that took so long may have waited for a path that was cut. With what chance adds,
 * a fifth, whoever can answer again is asked within five seconds.
 */
const longestPauseMs = 4_000

/** How long an answer to a sync took, and for how much of that this process itself stood still, milliseconds. */
export interface AnswerTime {
  readonly tookMs: number
  readonly ownStallMs: number
}

/** How long the answers of one publisher to our syncs take. */
export class RoundTrip {
  /** Of all publishers. */
  readonly #all: RoundTrips
  #ms = 0

  constructor(all: RoundTrips) {
    this.#all = all
  }

  /** Milliseconds, by the last answers; 0 before the first. */
  get ms(): number {
    return this.#ms
  }

  /**
   * A sync was answered. A longer way is believed at once, a shorter one by halves. While this process stood still
   * the answer may have been here or on its way, and while the publisher was silent, for `silentMs`, it may have stood
   * still: both lengths are possible, and what lies between them is no news.
   */
  answered({ tookMs, ownStallMs }: AnswerTime, silentMs: number): void {
    const most = Math.min(tookMs, longestRoundTripMs)
    const least = Math.min(tookMs - ownStallMs - silentMs, longestRoundTripMs)
    this.#all.add(Math.max(0, least))
    if (least > this.#ms) this.#ms = least
    else if (most < this.#ms) this.#ms = (this.#ms + most) / 2
  }

  /**
   * What was asked for, other than by a sync, came within so many milliseconds. A shorter way is believed by halves, as that of a
   * sync; a longer one is not: much that was asked for takes long to send.
   */
  cameWithin(ms: number): void {
    if (ms < this.#ms) this.#ms = (this.#ms + ms) / 2
  }

  /**
   * A pause of at least so many milliseconds, and long enough for an answer that is under way to come: by its own
   * round trip, or where it has never answered by what the others took. On a busy machine all take long.
   */
  pauseMs(least: number): number {
    return Math.max(least, Math.min(1.5 * (this.#ms || this.#all.typicalMs), longestPauseMs))
  }
}
