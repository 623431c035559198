/** Asks of one stream whose refusal is still believed: an answer does not take longer than so many asks. */
const maxNonces = 16

/** What is asked for of the first gap of one stream, and when it is asked for again. */
export class StreamRepair {
  #from = 0
  #to = 0
  #asks = 0
  #askAt = 0
  #askedAt: number | null = null
  /** Of the pause between two asks: by chance a little less or more than all of it. */
  #share = 1
  /** From where on the stream was told to be behind; null: it was not. */
  #toldFrom: number | null = null
  #nonces: number[] = []

  /** A gap is known. */
  get isOpen(): boolean {
    return this.#from !== 0
  }

  /** The first sequence of the gap; 0: there is none. */
  get from(): number {
    return this.#from
  }

  /** The last sequence of the range that was asked for. */
  get to(): number {
    return this.#to
  }

  /** How often this range was asked for. */
  get asks(): number {
    return this.#asks
  }

  get toldFrom(): number | null {
    return this.#toldFrom
  }

  /** Of the asks whose refusal is still believed. */
  get nonces(): readonly number[] {
    return this.#nonces
  }

  /** There is a gap from here on, to be asked for at this time. */
  open(from: number, askAt: number): void {
    this.#from = from
    this.#asks = 0
    this.#askAt = askAt
    this.#askedAt = null
  }

  /** Its first ask is not due before this time. */
  waitUntil(at: number): void {
    this.#askAt = Math.max(this.#askAt, at)
  }

  /** A part of what was asked for is here: the rest, from here on, is asked for at this time if it does not come. */
  wentOn(from: number, askAt: number): void {
    this.open(from, askAt)
    this.#asks = 1
  }

  /** When it is asked for next; `pauseMs`: behind an ask of which nothing has come. */
  dueAt(pauseMs: () => number): number {
    if (this.#askedAt === null) return this.#askAt
    return this.#askedAt + pauseMs() * this.#share
  }

  /** True the first time, until it is closed: that the stream is behind from here on is said once. */
  tellOnce(from: number): boolean {
    if (this.#toldFrom !== null) return false
    this.#toldFrom = from
    return true
  }

  /** It has been asked for up to `to`. Returns the nonce whose refusal is not believed any more, where there are too many. */
  asked(ask: { now: number; to: number; nonce: number; share: number }): number | undefined {
    this.#asks++
    this.#askedAt = ask.now
    this.#to = ask.to
    this.#share = ask.share
    this.#nonces.push(ask.nonce)
    return this.#nonces.length > maxNonces ? this.#nonces.shift() : undefined
  }

  /** There is no gap. */
  close(): void {
    this.#from = 0
    this.#to = 0
    this.#asks = 0
    this.#askAt = 0
    this.#askedAt = null
    this.#toldFrom = null
    this.#nonces = []
  }
}
