/** A double-ended queue on a growing ring: push at the end, shift from the front, index in between, all O(1). */
export class Deque<Item> {
  #items: (Item | undefined)[] = new Array<Item | undefined>(16)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: Item): void {
    if (this.#length === this.#items.length) this.#grow()
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item
    this.#length++
  }

  shift(): Item | undefined {
    if (this.#length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#items.length - 1)
    this.#length--
    return item
  }

  /** The item at `index` from the front (0) or from the end (−1). */
  at(index: number): Item | undefined {
    const place = index < 0 ? index + this.#length : index
    if (place < 0 || place >= this.#length) return undefined
    return this.#items[(this.#head + place) & (this.#items.length - 1)]
  }

  clear(): void {
    this.#items = new Array<Item | undefined>(16)
    this.#head = 0
    this.#length = 0
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = 0; index < this.#length; index++) yield this.at(index) as Item
  }

  #grow(): void {
    const grown = new Array<Item | undefined>(this.#items.length * 2)
    for (let index = 0; index < this.#length; index++) grown[index] = this.at(index)
    this.#items = grown
    this.#head = 0
  }
}
