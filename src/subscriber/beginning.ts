import type { RosterEntry } from '../model/roster-entry.ts'

/** When a subscription began. Time is an argument. */
export class Beginning {
  readonly #at: number
  readonly #atWallClock: number
  readonly #wallClock: () => number
  readonly #driftPerMille: number

  /** `driftPerMille`: how much faster the clock of somebody else may run. */
  constructor(now: number, wallClock: () => number, driftPerMille: number) {
    this.#at = now
    this.#atWallClock = wallClock()
    this.#wallClock = wallClock
    this.#driftPerMille = driftPerMille
  }

  /**
   * How long ago it was at most, by the clock of somebody else, milliseconds. While a machine sleeps its monotonic
   * clock may stand still; a wall clock that was set ahead shows more than there was.
   */
  mostMsAgo(now: number): number {
    const ago = Math.max(now - this.#at, this.#wallClock() - this.#atWallClock)
    return ago + (ago * this.#driftPerMille) / 1000
  }

  /** Whoever had ended before owes nothing. */
  isAfterEndOf({ state, endedMsAgo = 0 }: RosterEntry, now: number): boolean {
    return state === 'ended' && endedMsAgo > this.mostMsAgo(now)
  }
}
