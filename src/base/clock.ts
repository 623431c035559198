/**
 * Where time comes from. Core logic never reads a clock itself: `now` is an argument, so that the
 * whole cluster runs on simulated time.
 */
export interface Clock {
  /**
   * Milliseconds on a monotonic clock; may have a fraction. The origin is arbitrary, and the same for all processes
   * of a machine: see `nextCommonTime()`.
   */
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

/** 24.8 days: Node runs a timer that is set to more at once. */
const longestTimerMs = 2 ** 31 - 1

/** When this process began, on the clock of the machine (CLOCK_MONOTONIC where there is one), which `performance.now()` counts from there. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** The one place that sets timers: each may be as long as it likes. */
export const systemClock: Clock = {
  now: () => originMs + performance.now(),
  wallClock: () => Date.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout
    const arm = (left: number): void => {
      timer =
        left > longestTimerMs
          ? setTimeout(() => arm(left - longestTimerMs), longestTimerMs)
          : setTimeout(run, left)
    }
    arm(ms)
    return { cancel: () => clearTimeout(timer) }
  },
  endOfTurn(run) {
    setImmediate(run)
  },
}

/** Runs `run` every `ms` milliseconds until it is cancelled; the first time after so many. */
export function every(ms: number, run: () => void): Timer {
  const arm = (): Timer =>
    systemClock.after(ms, () => {
      timer = arm()
      run()
    })
  let timer = arm()
  return { cancel: () => timer.cancel() }
}

/** Resolves after `ms` milliseconds, or when the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = systemClock.after(ms, resolve)
  const end = (): void => resolve()
  signal?.addEventListener('abort', end, { once: true })
  await promise
  signal?.removeEventListener('abort', end)
  timer.cancel()
}
