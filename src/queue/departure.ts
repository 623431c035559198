import type { Clock, Timer } from '../base/clock.ts'
import type { Publisher } from '../publisher/publisher.ts'
import type { Commits } from './commits.ts'

/**
 * How a queue leaves: calls of `commit()` that are open end first, since their transactions may commit; then all that
 * was published is confirmed. Both have one time.
 */
export class Departure {
  readonly #clock: Clock
  readonly #publisher: Publisher
  readonly #commits: Commits
  readonly #proceed: () => void
  #until = Infinity
  #timer: Timer | null = null
  readonly #timeUp = Promise.withResolvers<void>()

  constructor(clock: Clock, publisher: Publisher, commits: Commits, proceed: () => void) {
    this.#clock = clock
    this.#publisher = publisher
    this.#commits = commits
    this.#proceed = proceed
  }

  /** Waits for nothing longer than this from now on; it is never prolonged. */
  within(ms: number): void {
    const now = this.#clock.now()
    if (now + ms >= this.#until) return
    this.#until = now + ms
    this.#timer?.cancel()
    this.#timer = this.#clock.after(ms, this.#timeUp.resolve)
    this.#publisher.waitUntil(this.#until, now)
    this.#proceed()
  }

  /**
   * True: it has left in good order. False: a transaction is under way still, of which nobody will be told if it
   * commits. Then nothing is said of an end, so that subscribers take the process for dead: they read again.
   */
  async leave(): Promise<boolean> {
    const haveEnded = await this.#commits.end(this.#timeUp.promise)
    await new Promise<void>((resolve) => {
      const now = this.#clock.now()
      const wallClock = this.#clock.wallClock()
      const leftMs = Math.min(this.#until - now, Number.MAX_SAFE_INTEGER)
      if (haveEnded) this.#publisher.leave(now, wallClock, leftMs, () => resolve())
      else this.#publisher.flush(now, wallClock, leftMs, () => resolve())
      this.#proceed()
    })
    return haveEnded
  }

  /** Resolves when the queue is closed. Waits for nothing any more when the signal aborts, or has. */
  async until(closed: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => this.within(0)
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
    await closed
    signal?.removeEventListener('abort', stop)
  }

  /** The queue is closed, or has failed: there is nothing to wait for. */
  over(): void {
    this.#until = -Infinity
    this.#commits.over()
    this.#timer?.cancel()
    this.#timeUp.resolve()
  }
}
