/**
 * Where time comes from. Core logic never reads a clock itself: `now` is an argument, so that the
 * whole cluster runs on simulated time.
 */
export interface Clock {
  /** Milliseconds on a monotonic clock with an arbitrary origin; may have a fraction. */
  now(): number
  /** Milliseconds since the epoch by the wall clock. May step back; never used to order anything. */
  wallClock(): number
  /** Runs `run` once, not before `ms` milliseconds have gone by. */
  after(ms: number, run: () => void): Timer
  /** Runs `run` when the current turn of the event loop is over. */
  endOfTurn(run: () => void): void
}

export interface Timer {
  cancel(): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
  endOfTurn: (run) => void setImmediate(run),
}
