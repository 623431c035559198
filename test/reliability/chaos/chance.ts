import type { Random } from '../../../src/base/random.ts'

/** What a run draws from its seed. */
export class Chance {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.#random()
  }

  isOneIn(count: number): boolean {
    return this.#random() * count < 1
  }

  oneOf<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)]
  }

  /** One of the keys, as often as its weight says. */
  weighted<Key extends string>(weights: Readonly<Partial<Record<Key, number>>>): Key {
    const entries = Object.entries(weights) as [Key, number][]
    let left = this.#random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    return (entries.at(-1) as [Key, number])[0]
  }
}
