/** Values that only grow, with the times at which they were reached; both ascending. */
export class Timeline {
  readonly #times: number[] = []
  readonly #values: number[] = []

  get last(): number {
    return this.#values.at(-1) ?? 0
  }

  add(at: number, value: number): void {
    if (value <= this.last) return
    this.#times.push(at)
    this.#values.push(value)
  }

  /** The value reached before a time; 0: none. */
  before(at: number): number {
    return this.#values[this.#count(this.#times, at) - 1] ?? 0
  }

  /** When a value was reached; Infinity: never. */
  reached(value: number): number {
    if (value <= 0) return -Infinity
    return this.#times[this.#count(this.#values, value)] ?? Infinity
  }

  /** How many of ascending numbers are below a limit. */
  #count(numbers: readonly number[], limit: number): number {
    let low = 0
    let high = numbers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((numbers[middle] as number) < limit) low = middle + 1
      else high = middle
    }
    return low
  }
}
