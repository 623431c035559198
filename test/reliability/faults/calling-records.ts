import type { NewUpdate, UpdateQueue } from '../../../src/index.ts'
import { TidingsError } from '../../../src/index.ts'
import { type Orders, orderRecord } from './order.ts'

/** What came of commits whose records call the queue that reads them. */
export interface CallsFromInside {
  /** Calls of `publish()` from inside of `publish()`. */
  readonly calls: number
  /** Those that were refused with USAGE. */
  readonly refused: number
  /** Commits around them that were refused though they were to be taken, or the other way round. */
  readonly misjudged: number
  /** Commits whose number is not the one behind that of the commit before. */
  readonly misnumbered: number
}

/** A record that calls while `publish()` reads it, each in its own way. */
const callingRecords: readonly ((record: object, call: () => unknown) => object)[] = [
  (record, get) => Object.defineProperty({ ...record }, 'X', { enumerable: true, get }),
  (record, toJSON) => ({ ...record, X: { toJSON } }),
  (record, get) => ({ ...record, X: [Object.defineProperty({}, 'Y', { enumerable: true, get })] }),
  (record, call) => new Proxy(record, { ownKeys: (own) => (call(), Reflect.ownKeys(own)) }),
]

const largestCommit = 6

/** In front of one commit in so many another one lets the error of its call through, and is refused. */
const refusedEvery = 5

const isUsage = (error: unknown): boolean => error instanceof TidingsError && error.code === 'USAGE'

/** Publishes such commits. */
export class CallingRecords {
  readonly #queue: UpdateQueue
  readonly #orders: Orders
  /** What is never to be published: it has no number, so whoever is given it is given something wrong. */
  readonly #intruder: NewUpdate
  #commit: number
  #round = 0
  #calls = 0
  #refused = 0
  #misjudged = 0
  #misnumbered = 0

  constructor(queue: UpdateQueue, orders: Orders, table: string) {
    this.#queue = queue
    this.#orders = orders
    const record = orderRecord(queue.identity.process, 0, 1, 0)
    this.#intruder = { table, kind: 'insert', record }
    this.#commit = queue.stats().published.commits
  }

  get outcome(): CallsFromInside {
    const [calls, refused] = [this.#calls, this.#refused]
    return { calls, refused, misjudged: this.#misjudged, misnumbered: this.#misnumbered }
  }

  publish(): void {
    this.#round += 1
    if (this.#round % refusedEvery === 0) this.#publishRefused()
    const size = 1 + (this.#round % largestCommit)
    const updates = this.#orders.next(size)
    const at = Math.floor(Math.random() * size)
    updates[at] = this.#calling(updates[at] as NewUpdate, () => {
      try {
        this.#call()
      } catch {
        // The record goes on without.
      }
      return 1
    })
    try {
      const { commit } = this.#queue.publish(size === 1 ? (updates[0] as NewUpdate) : updates)
      if (commit !== this.#commit + 1) this.#misnumbered += 1
      this.#commit = commit
    } catch {
      this.#misjudged += 1
    }
  }

  #publishRefused(): void {
    const calling = this.#calling(this.#intruder, () => this.#call())
    try {
      this.#queue.publish([this.#intruder, calling])
      this.#misjudged += 1
    } catch (error) {
      if (!isUsage(error)) this.#misjudged += 1
    }
  }

  #calling(update: NewUpdate, call: () => unknown): NewUpdate {
    const way = callingRecords[this.#round % callingRecords.length]
    return { ...update, record: way?.(update.record, call) ?? {} }
  }

  #call(): unknown {
    this.#calls += 1
    try {
      return this.#queue.publish(this.#intruder).commit
    } catch (error) {
      if (isUsage(error)) this.#refused += 1
      throw error
    }
  }
}
