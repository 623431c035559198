import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../base/clock.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import type { KeptEvents } from './kept-events.ts'
import { aliveFrames, type StreamEvent, type StreamForm, streamFrame } from './stream-frame.ts'

/** Why a stream is ended from here. */
export type ClosedReason = 'too-slow' | 'ending' | 'failed'

interface EventReaderOptions {
  readonly response: ServerResponse
  readonly form: StreamForm
  readonly feedId: string
  readonly kept: KeptEvents
  /** The number of the last event that it has. */
  readonly from: number
  readonly limits: GatewayLimits
  readonly clock: Clock
}

/**
 * Who reads a feed. It is behind by numbers: what it has not taken stands in the events that the feed keeps for all, and beside that
 * only what fits into its socket is written for it. So a reader that stands still costs nothing and nobody; one that is too far behind is closed.
 */
export class EventReader {
  readonly #options: EventReaderOptions
  /** The last event that was written to it. */
  #at: number
  /** Since when it takes nothing of what waits for it; null: nothing waits. */
  #stalledSince: number | null = null
  #isOver = false
  #late: Timer | null = null

  constructor(options: EventReaderOptions) {
    this.#options = options
    this.#at = options.from
    const { response } = options
    response.on('drain', () => this.pump())
    // Of what its client does the end alone counts.
    response.on('error', () => undefined)
    response.once('close', () => {
      this.#isOver = true
      this.#late?.cancel()
    })
  }

  /** Something that is of this reader alone; it is written at once. */
  tell(event: StreamEvent): void {
    const { response, form, feedId } = this.#options
    if (!this.#isOver) response.write(streamFrame(form, `${feedId}.${this.#at}`, event))
  }

  /** Writes what its socket takes; closes it where what it lacks is not kept any more. */
  pump(): void {
    if (this.#isOver) return
    const { response, kept, clock } = this.#options
    if (!response.writableNeedDrain) this.#stalledSince = null
    while (!response.writableNeedDrain) {
      const frame = kept.at(this.#at + 1)
      if (frame === null) break
      response.write(frame)
      this.#at += 1
    }
    if (response.writableNeedDrain) this.#stalledSince ??= clock.now()
    if (!kept.hasAllAfter(this.#at)) this.close('too-slow')
  }

  /** Called every `aliveMs`. */
  tick(): void {
    this.pump()
    if (this.#isOver) return
    const { response, form, limits, clock } = this.#options
    if (this.#stalledSince === null) response.write(aliveFrames[form])
    else if (clock.now() - this.#stalledSince > limits.stalledMs) this.close('too-slow')
  }

  /** Its last word says why. It may take a while to read what has been written, and is put out then. */
  close(reason: ClosedReason): void {
    if (this.#isOver) return
    this.tell({ name: 'closed', data: JSON.stringify({ reason }) })
    this.#isOver = true
    const { response, limits, clock } = this.#options
    this.#late = clock.after(limits.lastWordMs, () => response.destroy())
    response.end()
  }
}
