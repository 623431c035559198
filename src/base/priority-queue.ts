/** Items by rank, the lowest first: a binary heap in which an item may change its rank. Of equal ranks any may be first. */
export class PriorityQueue<Item> {
  readonly #items: Item[] = []
  readonly #ranks: number[] = []
  /** Where each item stands in the lists. */
  readonly #places = new Map<Item, number>()

  get size(): number {
    return this.#items.length
  }

  get first(): Item | undefined {
    return this.#items[0]
  }

  /** Takes it in, or changes its rank. */
  set(item: Item, rank: number): void {
    let place = this.#places.get(item)
    if (place === undefined) place = this.#items.length
    else if (this.#ranks[place] === rank) return
    this.#put(place, item, rank)
    this.#settle(place)
  }

  delete(item: Item): void {
    const place = this.#places.get(item)
    if (place === undefined) return
    this.#places.delete(item)
    const last = this.#items.pop() as Item
    const rank = this.#ranks.pop() as number
    if (place === this.#items.length) return
    this.#put(place, last, rank)
    this.#settle(place)
  }

  /** Up or down, to where its rank belongs. */
  #settle(from: number): void {
    const item = this.#items[from] as Item
    const rank = this.#ranks[from] as number
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if ((this.#ranks[parent] as number) <= rank) break
      this.#move(parent, place)
      place = parent
    }
    for (;;) {
      const child = this.#lowerChild(place)
      if (child === 0 || (this.#ranks[child] as number) >= rank) break
      this.#move(child, place)
      place = child
    }
    if (place !== from) this.#put(place, item, rank)
  }

  /** The place of the one with the lower rank; 0: it has none. */
  #lowerChild(place: number): number {
    const left = 2 * place + 1
    if (left >= this.#items.length) return 0
    const right = left + 1
    if (right >= this.#items.length) return left
    return (this.#ranks[right] as number) < (this.#ranks[left] as number) ? right : left
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#items[from] as Item, this.#ranks[from] as number)
  }

  #put(place: number, item: Item, rank: number): void {
    this.#items[place] = item
    this.#ranks[place] = rank
    this.#places.set(item, place)
  }
}
