import type { FrameSink } from '../streams/frame-sink.ts'

/** Bytes that wait in a body until whoever sends it takes them. */
const roomBytes = 64 * 1024

/** The body of a web `Response`: frames that are written as it is read. */
export class ReadableSink implements FrameSink {
  readonly body: ReadableStream<Uint8Array>
  readonly #closed: (() => void)[] = []
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #room: () => void = () => undefined
  #hasEnded = false
  #isClosed = false

  constructor() {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pulled(),
        cancel: () => this.destroy(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: roomBytes }),
    )
  }

  get isFull(): boolean {
    return (this.#controller?.desiredSize ?? 0) <= 0
  }

  write(frame: Buffer): void {
    if (!this.#hasEnded) this.#controller?.enqueue(frame)
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#endIfTaken()
  }

  destroy(): void {
    this.#hasEnded = true
    // Whoever reads it would wait for ever.
    this.#controller?.error(new Error('the stream was ended'))
    this.#controller = null
    this.#close()
  }

  onRoom(run: () => void): void {
    this.#room = run
  }

  onClose(run: () => void): void {
    if (this.#isClosed) run()
    else this.#closed.push(run)
  }

  #pulled(): void {
    if (this.#hasEnded) this.#endIfTaken()
    else this.#room()
  }

  /** The body ends when all that waits is taken: until then there is somebody who has not taken it. */
  #endIfTaken(): void {
    if (this.#controller?.desiredSize !== roomBytes) return
    this.#controller.close()
    this.#controller = null
    this.#close()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const run of this.#closed) run()
  }
}
