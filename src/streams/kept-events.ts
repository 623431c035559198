interface KeptEvent {
  readonly frame: Buffer
  /** When it came, by the clock. */
  readonly at: number
}

/** The latest events of a feed, numbered from 1, for readers that are behind or come again. */
export class KeptEvents {
  readonly #events = new Map<number, KeptEvent>()
  #last = 0
  #bytes = 0

  get last(): number {
    return this.#last
  }

  /** Of those that are kept. */
  get bytes(): number {
    return this.#bytes
  }

  get nextNumber(): number {
    return this.#last + 1
  }

  /** When the oldest came; null: none is kept. */
  get oldestAt(): number | null {
    return this.#events.get(this.#oldest)?.at ?? null
  }

  add(frame: Buffer, at: number): void {
    this.#last += 1
    this.#bytes += frame.length
    this.#events.set(this.#last, { frame, at })
  }

  /** An event that nobody is given: what came before it leads no further, and is not kept. */
  skip(): void {
    this.#last += 1
    this.clear()
  }

  /** Nothing that has come is kept any more. */
  clear(): void {
    this.#bytes = 0
    this.#events.clear()
  }

  /** null: it has not come, or is not kept any more. */
  at(number: number): Buffer | null {
    return this.#events.get(number)?.frame ?? null
  }

  /** True where all that came after this number is kept. */
  hasAllAfter(number: number): boolean {
    return number <= this.#last && number >= this.#oldest - 1
  }

  dropOldest(): void {
    const number = this.#oldest
    this.#bytes -= this.#events.get(number)?.frame.length ?? 0
    this.#events.delete(number)
  }

  /** Where none is kept, the one that comes next. */
  get #oldest(): number {
    return this.#last - this.#events.size + 1
  }
}
