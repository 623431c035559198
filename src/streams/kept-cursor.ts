import type { KeptEvents } from './kept-events.ts'
import { type StreamEvent, type StreamForm, streamFrame } from './stream-frame.ts'
import type { FrameSource } from './stream-reader.ts'

interface KeptCursorOptions {
  readonly form: StreamForm
  readonly feedId: string
  readonly kept: KeptEvents
  /** The number of the last event that the reader has. */
  readonly from: number
}

/** A reader's place in the events that are kept for all, by number. */
export class KeptCursor implements FrameSource {
  readonly #options: KeptCursorOptions
  #at: number

  constructor(options: KeptCursorOptions) {
    this.#options = options
    this.#at = options.from
  }

  next(): Buffer | null {
    const frame = this.#options.kept.at(this.#at + 1)
    if (frame !== null) this.#at += 1
    return frame
  }

  get isLost(): boolean {
    return !this.#options.kept.hasAllAfter(this.#at)
  }

  frameOf(event: StreamEvent): Buffer {
    const { form, feedId } = this.#options
    return streamFrame(form, `${feedId}.${this.#at}`, event)
  }
}
