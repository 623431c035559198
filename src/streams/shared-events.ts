import type { Clock } from '../base/clock.ts'
import { EndOfTurn } from '../base/end-of-turn.ts'
import { randomId } from '../base/random.ts'
import type { FrameSink } from './frame-sink.ts'
import { KeptEvents } from './kept-events.ts'
import { type StreamEvent, type StreamForm, streamFrame } from './stream-frame.ts'
import type { StreamLimits } from './stream-limits.ts'
import { type ClosedReason, type FrameSource, StreamReader } from './stream-reader.ts'

export interface SharedEventsOptions {
  readonly form: StreamForm
  readonly limits: StreamLimits
  readonly clock: Clock
  /** More is kept than before. */
  readonly grown: () => void
}

/**
 * The events of a feed, each written down once, however many read it. The latest are kept, so that a reader that comes again goes on
 * where it stopped.
 */
export class SharedEvents {
  /** Tells its events from those of another life of the feed. */
  readonly id = randomId()
  readonly kept = new KeptEvents()
  readonly #options: SharedEventsOptions
  readonly #readers = new Set<StreamReader>()
  readonly #endOfTurn: EndOfTurn
  #idleSince: number | null

  constructor(options: SharedEventsOptions) {
    this.#options = options
    this.#idleSince = options.clock.now()
    this.#endOfTurn = new EndOfTurn(options.clock, () => this.#pass())
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Since when nobody reads it, by the clock; null: somebody does. */
  get idleSince(): number | null {
    return this.#idleSince
  }

  /** The next event. Readers get it at the end of the turn. */
  add(event: StreamEvent): void {
    const { form, clock } = this.#options
    this.kept.add(streamFrame(form, `${this.id}.${this.kept.nextNumber}`, event), clock.now())
    this.#endOfTurn.ask()
  }

  /** An event that is too large to be written down: whoever waits for it has to be told otherwise. */
  skip(): void {
    this.kept.skip()
    this.#endOfTurn.ask()
  }

  /** The head of the answer is written. `pump()` of the reader begins. */
  join(sink: FrameSink, source: FrameSource): StreamReader {
    const { form, limits, clock } = this.#options
    const reader = new StreamReader({ sink, source, form, limits, clock })
    this.#readers.add(reader)
    this.#idleSince = null
    sink.onClose(() => {
      this.#readers.delete(reader)
      if (this.#readers.size === 0) this.#idleSince = clock.now()
    })
    return reader
  }

  /** What came in this turn goes to the readers now, and then `told` to each. */
  tellAll(told: (reader: StreamReader) => void): void {
    for (const reader of this.#readers) {
      reader.pump()
      told(reader)
    }
  }

  /** Called every `aliveMs`. */
  tick(): void {
    this.#trim()
    for (const reader of this.#readers) reader.tick()
  }

  /** All readers are told why. */
  close(reason: ClosedReason): void {
    for (const reader of this.#readers) reader.close(reason)
  }

  /** The number of the last event that a reader has; null: what came after it is not known here any more. */
  numberOf(lastEventId: string): number | null {
    const [feed, number = ''] = lastEventId.split('.')
    const isOurs = feed === this.id && /^\d{1,15}$/.test(number)
    return isOurs && Number(number) <= this.kept.last ? Number(number) : null
  }

  /** Once a turn, however many events came in it. */
  #pass(): void {
    this.#trim()
    for (const reader of this.#readers) reader.pump()
    this.#options.grown()
  }

  /** What came at once is kept for a moment, until readers that keep up have it. */
  #trim(): void {
    const { limits, clock } = this.#options
    const before = clock.now() - limits.burstMs
    while (this.kept.bytes > limits.feedKeptBytes && (this.kept.oldestAt ?? Infinity) < before)
      this.kept.dropOldest()
  }
}
