import { inBackground } from '../base/background.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { intakeLimits } from './intake-limits.ts'
import type { Intake, IntakeQueue } from './intake.ts'

/** A queue that is open. */
interface OpenedQueue extends IntakeQueue {
  readonly closed: Promise<TidingsError | undefined>
  close(): Promise<void>
}

export interface IntakePublisherOptions {
  readonly clock: Clock
  readonly intake: Pick<Intake, 'drain' | 'leadTo'>
  /** Opens a queue, a new publisher each time; ends early where the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<OpenedQueue>
  readonly warn: (message: string) => void
}

/** The publisher that the intake leads to: one queue after the other, where one cannot go on. */
export class IntakePublisher {
  readonly #options: IntakePublisherOptions
  readonly #stop = new AbortController()
  #queue: OpenedQueue | null = null
  /** Never rejects. */
  #opening: Promise<void> = Promise.resolve()
  #pause: Timer | null = null
  #closing: Promise<void> | null = null

  constructor(options: IntakePublisherOptions) {
    this.#options = options
  }

  /** @throws TidingsError where the first one cannot be opened. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#begin(AbortSignal.any([signal, this.#stop.signal]))
  }

  /** Leaves: waits up to `drainMs` for what is under way. Idempotent. */
  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs)
    return this.#closing
  }

  async #close(drainMs: number): Promise<void> {
    this.#stop.abort()
    this.#pause?.cancel()
    await this.#opening
    const queue = this.#queue
    this.#queue = null
    if (!queue) return
    const { intake } = this.#options
    if (drainMs > 0) await intake.drain(drainMs)
    intake.leadTo(null)
    await queue.close()
  }

  #begin(signal: AbortSignal): Promise<void> {
    const opened = this.#open(signal)
    this.#opening = opened.catch(() => {})
    return opened
  }

  async #open(signal: AbortSignal): Promise<void> {
    const queue = await this.#options.open(signal)
    // It was closed meanwhile, and the queue was open already: nobody else knows of it.
    if (this.#stop.signal.aborted) return queue.close()
    this.#queue = queue
    this.#options.intake.leadTo(queue)
    inBackground(
      queue.closed.then((error) => this.#ended(queue, error)),
      (error) => this.#options.warn(error.message),
    )
  }

  /** One that cannot go on has ended like any publisher: another one takes its place. */
  #ended(queue: OpenedQueue, error: TidingsError | undefined): void {
    if (this.#queue !== queue) return
    this.#queue = null
    this.#options.intake.leadTo(null)
    this.#beginAnew(error?.message ?? 'it was closed')
  }

  #beginAnew(why: string): void {
    if (this.#stop.signal.aborted) return
    this.#options.warn(`the intake of foreign programs begins anew: ${why}`)
    this.#pause = this.#options.clock.after(intakeLimits.reopenMs, () =>
      inBackground(this.#begin(this.#stop.signal), ({ message }) => this.#beginAnew(message)),
    )
  }
}
