import type { Clock, Timer } from '../base/clock.ts'
import type { FrameSink } from './frame-sink.ts'
import { aliveFrames, type StreamEvent, type StreamForm } from './stream-frame.ts'
import type { StreamLimits } from './stream-limits.ts'

/** Why a stream is ended from here. */
export type ClosedReason = 'too-slow' | 'ending' | 'failed'

/** What comes for one reader, frame by frame: it knows where the reader is. */
export interface FrameSource {
  /** The next frame, which counts as given from now on; null: there is none now. */
  next(): Buffer | null
  /** What comes next is not kept any more. */
  readonly isLost: boolean
  /** Something that is of this reader alone, as a frame. */
  frameOf(event: StreamEvent): Buffer
}

interface StreamReaderOptions {
  readonly sink: FrameSink
  readonly source: FrameSource
  readonly form: StreamForm
  readonly limits: StreamLimits
  readonly clock: Clock
}

/**
 * Who reads a feed. What it has not taken stands in its source, which has it for all readers, and beside that only what fits into
 * its connection is written for it. So a reader that stands still costs nothing and nobody; one that is too far behind is closed.
 */
export class StreamReader {
  readonly #options: StreamReaderOptions
  /** Since when it takes nothing of what waits for it; null: nothing waits. */
  #stalledSince: number | null = null
  #isOver = false
  #late: Timer | null = null

  constructor(options: StreamReaderOptions) {
    this.#options = options
    const { sink } = options
    sink.onRoom(() => this.pump())
    sink.onClose(() => {
      this.#isOver = true
      this.#late?.cancel()
    })
  }

  /** Something that is of this reader alone; it is written at once. */
  tell(event: StreamEvent): void {
    const { sink, source } = this.#options
    if (!this.#isOver) sink.write(source.frameOf(event))
  }

  /** Writes what its connection takes; closes it where what it lacks is not kept any more. */
  pump(): void {
    if (this.#isOver) return
    const { sink, source, clock } = this.#options
    if (!sink.isFull) this.#stalledSince = null
    while (!sink.isFull) {
      const frame = source.next()
      if (frame === null) break
      sink.write(frame)
    }
    if (sink.isFull) this.#stalledSince ??= clock.now()
    if (source.isLost) this.close('too-slow')
  }

  /** Called every `aliveMs`. */
  tick(): void {
    this.pump()
    if (this.#isOver) return
    const { sink, form, limits, clock } = this.#options
    if (this.#stalledSince === null) sink.write(aliveFrames[form])
    else if (clock.now() - this.#stalledSince > limits.stalledMs) this.close('too-slow')
  }

  /** Its last word says why. It may take a while to read what has been written, and is put out then. */
  close(reason: ClosedReason): void {
    if (this.#isOver) return
    this.tell({ name: 'closed', data: JSON.stringify({ reason }) })
    this.#isOver = true
    const { sink, limits, clock } = this.#options
    this.#late = clock.after(limits.lastWordMs, () => sink.destroy())
    sink.end()
  }
}
