import type { ServerResponse } from 'node:http'

/** Where the frames of one reader go. */
export interface FrameSink {
  /** What was written waits in it: the next frame waits for `onRoom`. */
  readonly isFull: boolean
  write(frame: Buffer): void
  /** Nothing more is written. What was, the reader may still take. */
  end(): void
  /** What the reader has not taken is let go, and its connection with it. */
  destroy(): void
  onRoom(run: () => void): void
  /** Called once, when the reader has gone or all of an ended sink is taken. */
  onClose(run: () => void): void
}

/** An answer of Node's server, whose head is written. */
export function responseSink(response: ServerResponse): FrameSink {
  // Of what its client does the end alone counts.
  response.on('error', () => undefined)
  return {
    get isFull() {
      return response.writableNeedDrain
    },
    write(frame) {
      response.write(frame)
    },
    end() {
      response.end()
    },
    destroy() {
      response.destroy()
    },
    onRoom(run) {
      response.on('drain', run)
    },
    onClose(run) {
      response.once('close', run)
    },
  }
}
