/** What a page tells time by. */
export interface PageClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `run` after so many milliseconds; gives what cancels that. */
  after(ms: number, run: () => void): () => void
}

/** That of the browser. */
export const pageClock: PageClock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
