import type { MessagePort } from 'node:worker_threads'
import { systemClock } from '../../base/clock.ts'
import { EndOfTurn } from '../../base/end-of-turn.ts'
import { packFrames } from './packed-frames.ts'
import type { HostMessage, WorkerMessage } from './thread-messages.ts'

export const threadSenderLimits = {
  /** Bytes of frames that go as one message: copying them costs about what the message itself does. */
  messageBytes: 64 * 1024,
  /** Bytes that the main thread hands to a worker before it says that it has worked on them: then TCP
   * holds up the senders, as it does for a process that stands still. */
  toWorkerBytes: 4 * 1024 * 1024,
  /** Bytes that a worker hands to the main thread before more is dropped, and repaired as what a
   * connection has dropped: the same as a publisher's XPUB holds for one peer. */
  toMainBytes: 32 * 1024 * 1024,
  /** Bytes of updates and of the roster that wait for a worker that stands still: beyond it its queue
   * ends, since of the roster nothing can be left out. */
  waitingForWorkerBytes: 64 * 1024 * 1024,
  /** What an entry of the roster is counted as. */
  rosterEntryBytes: 1024,
} as const

type Direction = 'down' | 'up'

/**
 * One side's way to the other thread. Frames of one turn of the event loop go together, in memory that
 * is handed over; what is said beside them keeps its place among them. A port knows no bound: who
 * adds frames looks at `room`, which comes back as the other side says that it has taken them.
 */
export class ThreadSender {
  readonly #port: MessagePort
  readonly #limit: number
  #way: Direction = 'down'
  #messages: (readonly Uint8Array[])[] = []
  #bytes = 0
  #underWay = 0
  #closed = false
  #waiting: PromiseWithResolvers<void> | null = null
  readonly #endOfTurn = new EndOfTurn(systemClock, () => this.#flush())

  constructor(port: MessagePort, limitBytes: number) {
    this.#port = port
    this.#limit = limitBytes
  }

  /** Bytes that may still be added; negative: so many too many are under way. */
  get room(): number {
    return this.#limit - this.#underWay
  }

  add(way: Direction, frames: readonly Uint8Array[]): void {
    if (this.#closed) return
    if (way !== this.#way) this.#flush()
    this.#way = way
    this.#messages.push(frames)
    for (const { length } of frames) {
      this.#bytes += length
      this.#underWay += length
    }
    if (this.#bytes >= threadSenderLimits.messageBytes) this.#flush()
    else this.#endOfTurn.ask()
  }

  /** `bytes`: what it counts as until the other side has said `taken`. */
  post(message: WorkerMessage | HostMessage, bytes = 0): void {
    this.#flush()
    this.#underWay += bytes
    if (!this.#closed) this.#port.postMessage(message, [])
  }

  /** The other side has worked on so many bytes. */
  taken(bytes: number): void {
    this.#underWay -= bytes
    if (this.room <= 0) return
    this.#waiting?.resolve()
    this.#waiting = null
  }

  /** Resolves when there is room, or nothing is sent any more; null: now. */
  roomAgain(): Promise<void> | null {
    if (this.room > 0 || this.#closed) return null
    this.#waiting ??= Promise.withResolvers<void>()
    return this.#waiting.promise
  }

  /** What was said is still delivered. */
  close(): void {
    this.#flush()
    this.#closed = true
    this.#waiting?.resolve()
    this.#waiting = null
  }

  #flush(): void {
    if (this.#messages.length === 0) return
    const packed = packFrames(this.#messages)
    this.#messages = []
    this.#bytes = 0
    if (this.#closed) return
    const message = { type: this.#way, packed } as const
    this.#port.postMessage(message, [packed.bytes, packed.layout.buffer])
  }
}
