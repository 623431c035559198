import { Deque } from '../../../base/deque.ts'
import { TokenBucket } from '../../../base/token-bucket.ts'
import type { NumberedDatagram } from './datagram-writer.ts'

/**
 * Datagrams that wait for their turn: no more leave than the rate allows, and no more at once than the receivers have
 * room for. Time is an argument.
 */
export class Backlog {
  readonly #bytesPerSecond: number
  readonly #most: number
  readonly #waiting = new Deque<NumberedDatagram>()
  #burstBytes: number
  #tokens: TokenBucket

  /** `most`: with more waiting it is full. */
  constructor(bytesPerSecond: number, burstBytes: number, most: number, now: number) {
    this.#bytesPerSecond = bytesPerSecond
    this.#burstBytes = burstBytes
    this.#most = most
    this.#tokens = new TokenBucket(bytesPerSecond, burstBytes, now)
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Nothing is to be added now. What is one message is added all the same. */
  get isFull(): boolean {
    return this.#waiting.length > this.#most
  }

  /** How much may leave at once, from now on. */
  setBurst(bytes: number, now: number): void {
    if (bytes === this.#burstBytes) return
    this.#burstBytes = bytes
    this.#tokens = new TokenBucket(this.#bytesPerSecond, bytes, now)
  }

  push(datagram: NumberedDatagram): void {
    this.#waiting.push(datagram)
  }

  /** The next one that may leave now. */
  next(now: number): NumberedDatagram | undefined {
    const first = this.#waiting.at(0)
    if (!first || !this.#tokens.take(first.bytes.length, now)) return undefined
    return this.#waiting.shift()
  }
}
