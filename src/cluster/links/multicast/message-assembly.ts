import type { MessageRecord } from './records.ts'

/**
 * Messages out of the records of one sender, in its order. The pieces of a message stand in consecutive datagrams, so
 * there is one message at most that is not whole yet, and no table of them.
 */
export class MessageAssembly {
  readonly #maxBytes: number
  #pieces: Buffer[] = []
  #bytes = 0
  /** Of the message whose pieces are being collected; 0: there is none. */
  #total = 0
  #torn = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Messages of which a piece was missing, or too much. */
  get torn(): number {
    return this.#torn
  }

  /** The message that is whole with this record; null: none is. */
  take({ kind, total, bytes }: MessageRecord): Buffer | null {
    if (kind === 'whole') {
      this.tear()
      return bytes
    }
    if (kind === 'first') {
      this.tear()
      if (total > this.#maxBytes || total <= bytes.length) this.#torn++
      else this.#begin(total, bytes)
      return null
    }
    if (this.#total === 0) return null
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > this.#total || (kind === 'final') !== (this.#bytes === this.#total)) {
      this.tear()
      return null
    }
    return kind === 'final' ? this.#whole() : null
  }

  /** What was begun will not be finished: a datagram is missing. */
  tear(): void {
    if (this.#total === 0) return
    this.#torn++
    this.#clear()
  }

  #begin(total: number, bytes: Buffer): void {
    this.#total = total
    this.#pieces = [bytes]
    this.#bytes = bytes.length
  }

  #whole(): Buffer {
    const message = Buffer.concat(this.#pieces, this.#total)
    this.#clear()
    return message
  }

  #clear(): void {
    this.#total = 0
    this.#bytes = 0
    this.#pieces = []
  }
}
