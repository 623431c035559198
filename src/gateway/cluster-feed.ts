import type { Timer } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { toJson } from '../lines/json-output.ts'
import type { SharedFeed } from '../streams/feed-set.ts'
import type { FrameSink } from '../streams/frame-sink.ts'
import { SharedEvents, type SharedEventsOptions } from '../streams/shared-events.ts'
import type { StreamEvent } from '../streams/stream-frame.ts'
import type { ClosedReason } from '../streams/stream-reader.ts'
import type { ClusterAnswers } from './cluster-answers.ts'
import { LatestCursor } from './latest-cursor.ts'

interface ClusterFeedOptions extends SharedEventsOptions {
  readonly answers: ClusterAnswers
  /** How often the cluster is asked while somebody reads, milliseconds. */
  readonly everyMs: number
}

/** The state of the cluster for all who watch it: asked while there is one, written down once, told where it is another one than before. */
export class ClusterFeed implements SharedFeed {
  readonly events: SharedEvents
  readonly #options: ClusterFeedOptions
  readonly #ended = Promise.withResolvers<void>()
  #told = ''
  #timer: Timer | null = null
  #isAsking = false
  #isClosed = false

  constructor(options: ClusterFeedOptions) {
    this.#options = options
    this.events = new SharedEvents(options)
  }

  /** Resolves when it is closed. */
  get closed(): Promise<void> {
    return this.#ended.promise
  }

  /** The head of the answer is written. Whoever begins is told the latest at once. */
  join(sink: FrameSink): void {
    this.events.join(sink, new LatestCursor(this.#options.form, this.events.kept)).pump()
    if (this.#timer === null && !this.#isAsking) this.#look()
  }

  async close(reason: ClosedReason): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.events.close(reason)
    this.#ended.resolve()
  }

  /** Without readers nobody is asked, and what was known then is nothing to tell whoever comes later. */
  #look(): void {
    this.#timer = null
    if (this.#isClosed) return
    if (this.events.readers === 0) {
      this.events.kept.clear()
      this.#told = ''
      return
    }
    this.#isAsking = true
    this.#options.answers.latest().then(
      (snapshot) => this.#take({ name: 'cluster', data: toJson(snapshot) }),
      (error: unknown) => this.#take(unknown(error)),
    )
  }

  #take(event: StreamEvent): void {
    this.#isAsking = false
    if (this.#isClosed) return
    const text = `${event.name} ${event.data}`
    if (text !== this.#told) {
      this.#told = text
      // Each says all there is: what came before it is worth nothing.
      this.events.kept.clear()
      this.events.add(event)
    }
    const { clock, everyMs } = this.#options
    this.#timer = clock.after(everyMs, () => this.#look())
  }
}

/** Whoever watches is told that nobody knows, and not left with what was. */
function unknown(error: unknown): StreamEvent {
  const { code, text } = TidingsError.from(error)
  return { name: 'unknown', data: JSON.stringify({ code, detail: text }) }
}
