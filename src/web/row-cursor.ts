import type { LiveState } from '../live/live-condition.ts'
import type { SharedEvents } from '../streams/shared-events.ts'
import { type StreamEvent, streamFrame } from '../streams/stream-frame.ts'
import type { FrameSource } from '../streams/stream-reader.ts'
import type { RowBatch } from './row-batch.ts'

/** What a reader reads. */
export interface RowsOfCursor {
  readonly events: SharedEvents
  readonly state: LiveState
  /** Rows for a reader that has got to this event; null: that has none. */
  batchFor(number: number | null): RowBatch
  /** It cannot tell its rows: readers are told, and may come again. */
  fail(error: unknown): void
}

/**
 * A reader's place in a feed of rows. Where it lacks what is not kept any more it is given each row that has changed once, as it is
 * now: so who is slow gets less, and nobody is lost.
 */
export class RowCursor implements FrameSource {
  readonly isLost = false
  readonly #feed: RowsOfCursor
  /** The last event that it has; null: it has no rows. */
  #at: number | null
  #batch: RowBatch | null = null
  #place = 0
  /** Told when the reader has got to this event: from there on it is in step. */
  #ready: { readonly at: number; readonly state: LiveState } | null

  constructor(feed: RowsOfCursor, from: number | null) {
    this.#feed = feed
    this.#at = from
    this.#ready = from === null ? null : { at: feed.events.kept.last, state: feed.state }
  }

  next(): Buffer | null {
    try {
      return this.#batchFrame() ?? this.#readyFrame() ?? this.#keptFrame()
    } catch (error) {
      // What `map` throws.
      this.#feed.fail(error)
      return null
    }
  }

  frameOf(event: StreamEvent): Buffer {
    const id =
      this.#at === null || this.#batch !== null ? null : `${this.#feed.events.id}.${this.#at}`
    return streamFrame('sse', id, event)
  }

  #batchFrame(): Buffer | null {
    if (this.#batch === null) {
      if (this.#at !== null && this.#feed.events.kept.hasAllAfter(this.#at)) return null
      this.#batch = this.#feed.batchFor(this.#at)
      this.#place = 0
    }
    const frame = this.#batch.frame(this.#place)
    this.#place += 1
    if (frame !== null) return frame
    const { number, state } = this.#batch
    this.#at = number
    this.#ready = { at: number, state }
    this.#batch = null
    return null
  }

  #readyFrame(): Buffer | null {
    if (this.#ready === null || this.#ready.at !== this.#at) return null
    const { state } = this.#ready
    this.#ready = null
    return this.frameOf({ name: 'ready', data: JSON.stringify({ state }) })
  }

  #keptFrame(): Buffer | null {
    if (this.#at === null) return null
    const frame = this.#feed.events.kept.at(this.#at + 1)
    if (frame !== null) this.#at += 1
    return frame
  }
}
