import { socketLimits } from './socket-options.ts'

/** Messages: room for a burst of marks on all tables of a process, however small they are. */
const mostMessages = 4_096

/** Messages: a few of the largest must fit, or nothing large ever goes out in one turn. */
const leastMessages = 16

/** How many messages the average remembers: a burst of large ones lowers the mark within some MiB. */
const remembered = 16

/**
 * libzmq counts a high-water mark in messages, memory is counted in bytes. So the mark follows the
 * average size of what is sent: as many messages as fill `highWaterBytes`.
 */
export class HighWaterMark {
  #averageBytes: number = socketLimits.usualBatchBytes
  #messages: number = socketLimits.highWaterBytes / socketLimits.usualBatchBytes

  get messages(): number {
    return this.#messages
  }

  /** True when the mark has moved, by a factor of two at least. */
  sent(bytes: number): boolean {
    this.#averageBytes += (bytes - this.#averageBytes) / remembered
    const fill = socketLimits.highWaterBytes / Math.max(1, this.#averageBytes)
    const wanted = Math.min(mostMessages, Math.max(leastMessages, fill))
    if (wanted > this.#messages / 2 && wanted < this.#messages * 2) return false
    const messages = 2 ** Math.floor(Math.log2(wanted))
    if (messages === this.#messages) return false
    this.#messages = messages
    return true
  }
}
