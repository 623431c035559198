/** A ring that has grown over so many places is let go when it is empty. */
const mostPlacesKept = 1024

/**
 * A double-ended queue on a growing ring: push and pop at the end, shift from the front, index in between, all O(1).
 * A change in between moves the shorter side.
 */
export class Deque<Item> {
  #items: (Item | undefined)[] = []
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
    this.#shorten(1)
    return item
  }

  pop(): Item | undefined {
    if (this.#length === 0) return undefined
    const item = this.at(-1)
    this.#set(this.#length - 1, undefined)
    this.#shorten(1)
    return item
  }

  /** Puts `item` in the place of the `count` items from `index` on. */
  replace(index: number, count: number, item: Item): void {
    if (count === 0) this.#makePlace(index)
    else if (count > 1) this.#remove(index + 1, count - 1)
    this.#set(index, item)
  }

  /** The item at `index` from the front (0) or from the end (−1). */
  at(index: number): Item | undefined {
    const place = index < 0 ? index + this.#length : index
    if (place < 0 || place >= this.#length) return undefined
    return this.#items[(this.#head + place) & (this.#items.length - 1)]
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#length = 0
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = 0; index < this.#length; index++) yield this.at(index) as Item
  }

  #set(index: number, item: Item | undefined): void {
    this.#items[(this.#head + index) & (this.#items.length - 1)] = item
  }

  #makePlace(index: number): void {
    if (this.#length === this.#items.length) this.#grow()
    this.#length++
    if (2 * index < this.#length) {
      this.#head = (this.#head - 1) & (this.#items.length - 1)
      for (let at = 0; at < index; at++) this.#set(at, this.at(at + 1))
    } else for (let at = this.#length - 1; at > index; at--) this.#set(at, this.at(at - 1))
  }

  #remove(index: number, count: number): void {
    if (2 * index < this.#length) {
      for (let at = index - 1; at >= 0; at--) this.#set(at + count, this.at(at))
      for (let at = 0; at < count; at++) this.#set(at, undefined)
      this.#head = (this.#head + count) & (this.#items.length - 1)
    } else {
      for (let at = index + count; at < this.#length; at++) this.#set(at - count, this.at(at))
      for (let at = 1; at <= count; at++) this.#set(this.#length - at, undefined)
    }
    this.#shorten(count)
  }

  #shorten(count: number): void {
    this.#length -= count
    if (this.#length === 0 && this.#items.length > mostPlacesKept) this.clear()
  }

  #grow(): void {
    const grown = new Array<Item | undefined>(Math.max(16, this.#items.length * 2))
    for (let index = 0; index < this.#length; index++) grown[index] = this.at(index)
    this.#items = grown
    this.#head = 0
  }
}
