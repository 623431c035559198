import type { Writable } from 'node:stream'

/** Bytes that wait for a reader at most: some thousand lines, of which the oldest are kept. */
export const mostWaitingBytes = 256 * 1024

/**
 * Lines for people that hold nothing up: what a reader that has stopped reading leaves waiting is bounded, and what is
 * dropped beyond that is counted and said when it reads again.
 */
export class BoundedLog {
  readonly #stream: Writable
  #dropped = 0

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('drain', () => this.#sayDropped())
  }

  say(line: string): void {
    if (this.#stream.writableLength >= mostWaitingBytes) this.#dropped += 1
    else this.#write(line)
  }

  #sayDropped(): void {
    if (this.#dropped === 0) return
    const count = this.#dropped
    this.#dropped = 0
    const lines = count === 1 ? '1 line was' : `${count} lines were`
    this.#write(`${new Date().toISOString()} ${lines} left out here: nobody read them for too long`)
  }

  #write(line: string): void {
    this.#stream.write(`${line}\n`)
  }
}
