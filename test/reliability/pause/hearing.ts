import type { Ear } from './pause-peer.ts'

/** Updates by their numbers: `from` and all below `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What a subscriber has of a span. */
export interface Heard {
  readonly delivered: number
  /** Told as lost by their numbers, and not delivered. */
  readonly told: number
  /** That something may be missing: what it was told, each once, in its order. */
  readonly words: readonly string[]
  /** The highest number that has come; -1: none. */
  readonly last: number
}

/** Keeps what a subscriber is given and told. */
export class Hearing implements Ear {
  readonly #taken = new Set<number>()
  readonly #lost = new Set<number>()
  readonly #words = new Set<string>()
  #last = -1

  take(number: number): void {
    this.#taken.add(number)
    this.#last = Math.max(this.#last, number)
  }

  lose(from: number, to: number): void {
    for (let number = from; number <= to; number++) this.#lost.add(number)
  }

  mayMiss(word: string): void {
    this.#words.add(word)
  }

  of({ from, to }: Span): Heard {
    let [delivered, told] = [0, 0]
    for (let number = from; number < to; number++)
      if (this.#taken.has(number)) delivered += 1
      else if (this.#lost.has(number)) told += 1
    return { delivered, told, words: [...this.#words], last: this.#last }
  }
}
