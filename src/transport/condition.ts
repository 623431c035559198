import type { Clock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'

/** Waits for something to hold, and looks again whenever it is told that something changed. */
export class Condition {
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  changed(): void {
    for (const look of this.#waiting) look()
  }

  /**
   * True as soon as `holds()` does; false when `ms` milliseconds have gone by before.
   * @throws TidingsError ABORTED, and whatever `holds()` throws.
   */
  until(holds: () => boolean, ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#waiting.delete(look)
        timer.cancel()
        signal.removeEventListener('abort', look)
        settle()
      }
      const look = () => {
        try {
          if (signal.aborted) end(() => reject(abortedError(signal)))
          else if (holds()) end(() => resolve(true))
        } catch (error) {
          end(() => reject(TidingsError.from(error)))
        }
      }
      const timer = this.#clock.after(ms, () => end(() => resolve(false)))
      this.#waiting.add(look)
      signal.addEventListener('abort', look)
      look()
    })
  }
}

function abortedError(signal: AbortSignal): TidingsError {
  return new TidingsError('ABORTED', 'opening the update queue was aborted', {
    cause: signal.reason,
  })
}
