import type { KeptEvents } from '../streams/kept-events.ts'
import { type StreamEvent, type StreamForm, streamFrame } from '../streams/stream-frame.ts'
import type { FrameSource } from '../streams/stream-reader.ts'

/** A reader of events each of which says all there is to say: one that is behind goes on with the latest. */
export class LatestCursor implements FrameSource {
  readonly isLost = false
  readonly #form: StreamForm
  readonly #kept: KeptEvents
  #at = 0

  constructor(form: StreamForm, kept: KeptEvents) {
    this.#form = form
    this.#kept = kept
  }

  next(): Buffer | null {
    if (this.#at === this.#kept.last) return null
    this.#at = this.#kept.last
    return this.#kept.at(this.#at)
  }

  frameOf(event: StreamEvent): Buffer {
    return streamFrame(this.#form, null, event)
  }
}
