interface Range {
  from: number
  to: number
}

/**
 * A set of whole numbers kept as disjoint, ascending, non-adjacent ranges, both ends included. What is looked for is
 * found by binary search; a change moves the ranges behind it, unless it is at either end.
 */
export class RangeSet {
  #ranges: Range[] = []
  /** So many ranges at the front are no longer in the set: what is used up in order costs no move of the rest. */
  #gone = 0

  get isEmpty(): boolean {
    return this.#ranges.length === this.#gone
  }

  add(from: number, to: number): void {
    if (from > to) return
    // Those that touch or overlap what is added become one with it.
    const first = this.#countBelow(from - 1)
    let end = first
    const grown = { from, to }
    for (
      let range = this.#ranges[end];
      range && range.from <= to + 1;
      range = this.#ranges[++end]
    ) {
      grown.from = Math.min(grown.from, range.from)
      grown.to = Math.max(grown.to, range.to)
    }
    this.#ranges.splice(first, end - first, grown)
  }

  remove(from: number, to: number): void {
    if (from > to) return
    const first = this.#countBelow(from)
    let end = first
    const left: Range[] = []
    for (let range = this.#ranges[end]; range && range.from <= to; range = this.#ranges[++end]) {
      if (range.from < from) left.push({ from: range.from, to: from - 1 })
      if (range.to > to) left.push({ from: to + 1, to: range.to })
    }
    if (end === first) return
    if (first === this.#gone && left.length === 0) this.#letGoUntil(end)
    else this.#ranges.splice(first, end - first, ...left)
  }

  /** The last number of the unbroken run that begins at `from`; `from − 1` where `from` is not in the set. */
  endOfRunAt(from: number): number {
    const range = this.#ranges[this.#countBelow(from)]
    return range && range.from <= from ? range.to : from - 1
  }

  has(number: number): boolean {
    return this.endOfRunAt(number) >= number
  }

  /** The first number of the set that is at least `from`, or Infinity. */
  firstFrom(from: number): number {
    const range = this.#ranges[this.#countBelow(from)]
    return range ? Math.max(range.from, from) : Infinity
  }

  [Symbol.iterator](): Iterator<{ readonly from: number; readonly to: number }> {
    return this.#ranges.slice(this.#gone)[Symbol.iterator]()
  }

  #letGoUntil(index: number): void {
    this.#gone = index
    if (2 * this.#gone < this.#ranges.length) return
    this.#ranges = this.#ranges.slice(this.#gone)
    this.#gone = 0
  }

  /** How many ranges end before `number`: the index of the first one that does not. */
  #countBelow(number: number): number {
    let low = this.#gone
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ranges[middle] as Range).to < number) low = middle + 1
      else high = middle
    }
    return low
  }
}
