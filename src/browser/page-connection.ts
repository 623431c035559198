import type { PageClock } from './page-clock.ts'
import type { PageNetwork } from './page-network.ts'
import { type ServerEvent, serverEvents } from './server-events.ts'

/** How long nothing may come, milliseconds: the server says every 10 s that it is there. */
const silentMs = 25_000

/** The pause before the next attempt, milliseconds: half of it up to all of it, by chance. It doubles with each that fails. */
const retryMs = 500

/** It doubles up to so much, milliseconds. */
const longestRetryMs = 10_000

/** What is taken up anew does not get better by asking again: the answer says that the request is wrong. */
const isFinal = (status: number): boolean =>
  status >= 400 && status < 500 && ![408, 425, 429].includes(status)

export interface PageSurroundings {
  readonly clock: PageClock
  readonly network: PageNetwork
  readonly random: () => number
}

interface PageConnectionOptions extends PageSurroundings {
  /** Asks for the stream; called for each attempt. */
  readonly ask: (signal: AbortSignal) => Promise<Response>
  readonly take: (event: ServerEvent) => void
  /** What came is all there is until it is connected again. */
  readonly lost: (reason: Error) => void
  /** It is refused, and is not tried again. */
  readonly refused: (reason: Error) => void
}

/** Rejects when it aborts. */
const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })

/** Keeps a stream of events open: connects again whenever it ends, is silent, or the network comes back. */
export class PageConnection {
  readonly #options: PageConnectionOptions
  readonly #unwatch: () => void
  #attempt: AbortController | null = null
  #heardAt = 0
  #failures = 0
  #cancel = (): void => undefined
  #isClosed = false

  constructor(options: PageConnectionOptions) {
    this.#options = options
    this.#unwatch = options.network.watch(
      () => this.#attempt?.abort(new Error('the network is gone')),
      () => this.#look(),
    )
    this.#connect()
  }

  /** All that was told is there: the next failure is the first one again. */
  succeeded(): void {
    this.#failures = 0
  }

  close(): void {
    this.#isClosed = true
    this.#unwatch()
    this.#cancel()
    this.#attempt?.abort()
  }

  #connect(): void {
    const attempt = new AbortController()
    this.#attempt = attempt
    this.#read(attempt).then(
      () => this.#ended(new Error('the server has ended the stream')),
      (error: unknown) => this.#ended(attempt.signal.reason ?? error),
    )
  }

  async #read(attempt: AbortController): Promise<void> {
    this.#heard()
    const { ask, take } = this.#options
    // Not all that it waits for heeds the signal: headers may come from anywhere.
    const response = await Promise.race([ask(attempt.signal), abortOf(attempt.signal)])
    const { status, headers, body } = response
    if (isFinal(status)) {
      const text = await response.text()
      if (!this.#isClosed) this.#options.refused(new Error(`the server answers ${status}: ${text}`))
      return this.close()
    }
    if (!body || !headers.get('content-type')?.startsWith('text/event-stream'))
      throw new Error(`the server answers ${status} and no stream of events`)
    for await (const event of serverEvents(body, () => this.#heard()))
      // What was under way when it was closed is not taken any more.
      if (!attempt.signal.aborted) take(event)
  }

  /** Silence is a connection that is gone without a word. */
  #heard(): void {
    const { clock } = this.#options
    this.#heardAt = clock.now()
    this.#cancel()
    const attempt = this.#attempt
    this.#cancel = clock.after(silentMs, () =>
      attempt?.abort(new Error(`nothing was heard for ${silentMs / 1000} s`)),
    )
  }

  #ended(reason: unknown): void {
    this.#cancel()
    this.#attempt?.abort()
    if (this.#isClosed) return
    this.#attempt = null
    const { clock, random, lost } = this.#options
    lost(reason instanceof Error ? reason : new Error(String(reason)))
    const pause = Math.min(retryMs * 2 ** this.#failures, longestRetryMs)
    this.#failures += 1
    this.#cancel = clock.after(pause * (1 - random() / 2), () => this.#connect())
  }

  /** The network is back, or the page is looked at again. */
  #look(): void {
    if (this.#isClosed) return
    if (this.#attempt === null) {
      this.#cancel()
      this.#connect()
    } else if (this.#options.clock.now() - this.#heardAt > silentMs)
      this.#attempt.abort(new Error('nothing was heard while the page slept'))
  }
}
