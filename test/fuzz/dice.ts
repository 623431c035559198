import { seededRandom } from '../../src/base/random.ts'
import type { Random } from '../../src/base/random.ts'

/** Chance from a seed, in the words that generators use. */
export class Dice {
  readonly random: Random

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }

  /** Mostly few, now and then up to `most`. */
  few(most: number): number {
    return this.below(1 + this.below(1 + most))
  }

  many<Item>(count: number, item: (index: number) => Item): Item[] {
    return Array.from({ length: count }, (_, index) => item(index))
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.below(256)
    return bytes
  }
}
