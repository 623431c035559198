/** A set of whole numbers kept as disjoint, ascending, non-adjacent ranges, both ends included. */
export class RangeSet {
  #ranges: { from: number; to: number }[] = []

  get isEmpty(): boolean {
    return this.#ranges.length === 0
  }

  add(from: number, to: number): void {
    if (from > to) return
    const kept: { from: number; to: number }[] = []
    const grown = { from, to }
    for (const range of this.#ranges) {
      if (range.to < grown.from - 1 || range.from > grown.to + 1) kept.push(range)
      else {
        grown.from = Math.min(grown.from, range.from)
        grown.to = Math.max(grown.to, range.to)
      }
    }
    kept.push(grown)
    this.#ranges = kept.sort((a, b) => a.from - b.from)
  }

  remove(from: number, to: number): void {
    if (this.#ranges.length === 0 || from > to) return
    this.#ranges = this.#ranges.flatMap((range) => [
      ...(range.from < from ? [{ from: range.from, to: Math.min(range.to, from - 1) }] : []),
      ...(range.to > to ? [{ from: Math.max(range.from, to + 1), to: range.to }] : []),
    ])
  }

  /** The last number of the unbroken run that begins at `from`; `from − 1` where `from` is not in the set. */
  endOfRunAt(from: number): number {
    for (const range of this.#ranges) if (range.from <= from && from <= range.to) return range.to
    return from - 1
  }

  has(number: number): boolean {
    return this.endOfRunAt(number) >= number
  }

  /** The first number of the set that is at least `from`, or Infinity. */
  firstFrom(from: number): number {
    for (const range of this.#ranges) if (range.to >= from) return Math.max(range.from, from)
    return Infinity
  }

  [Symbol.iterator](): Iterator<{ readonly from: number; readonly to: number }> {
    return this.#ranges[Symbol.iterator]()
  }
}
