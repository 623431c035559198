import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import type { NewUpdate, UpdateQueue } from '../../src/index.ts'
import { type GrowthRecord, growthRecord } from './growth-record.ts'
import { LoopBlocks } from './loop-blocks.ts'
import type { Load, Sent } from './peer-message.ts'

/** Published or built between two turns of the event loop, as a bulk load does. */
const updatesPerTurn = 1000
const bytesPerTurn = 256 * 1024

/** A bulk load asks for confirmation after so much, and has two such windows under way. */
const updatesPerWindow = 65_536
const bytesPerWindow = 4 * 1024 * 1024

/** Publishes as much as it is told to; resolves when subscribers have confirmed all of it. */
export class Loading {
  readonly #queue: UpdateQueue
  readonly #load: Load
  #published = 0
  #longestPublishMs = 0

  constructor(queue: UpdateQueue, load: Load) {
    this.#queue = queue
    this.#load = load
  }

  async run(): Promise<Sent> {
    const startedAt = process.hrtime.bigint()
    const blocks = new LoopBlocks()
    await (this.#load.perSecond === null ? this.#atOnce() : this.#paced(this.#load.perSecond))
    const { missing } = await this.#queue.flush()
    if (missing.length > 0) throw new Error('a subscriber did not confirm')
    return { startedAt, block: blocks.stop(), longestPublishMs: this.#longestPublishMs }
  }

  async #atOnce(): Promise<void> {
    const { updates, commitUpdates, recordBytes } = this.#load
    const perTurn = Math.min(updatesPerTurn, Math.ceil(bytesPerTurn / recordBytes))
    const perWindow = Math.min(updatesPerWindow, Math.ceil(bytesPerWindow / recordBytes))
    let confirmed: Promise<unknown> = Promise.resolve()
    let inTurn = 0
    let inWindow = 0
    while (this.#published < updates) {
      this.#publish(await this.#commit(perTurn))
      inTurn += commitUpdates
      inWindow += commitUpdates
      if (inWindow >= perWindow) {
        await confirmed
        confirmed = this.#queue.flush()
        inWindow = 0
      }
      if (inTurn >= perTurn) {
        await turn()
        inTurn = 0
      }
    }
    await confirmed
  }

  async #paced(perSecond: number): Promise<void> {
    const begin = performance.now()
    let confirmed: Promise<unknown> = Promise.resolve()
    let windowEnd = perSecond
    while (this.#published < this.#load.updates) {
      const due = ((performance.now() - begin) / 1000) * perSecond
      const until = Math.min(due, this.#load.updates, windowEnd)
      while (this.#published < until) this.#publish(this.#updates(this.#load.commitUpdates))
      if (this.#published >= windowEnd) {
        // On a machine that is too busy the pace gives way, and nothing is lost.
        await confirmed
        confirmed = this.#queue.flush()
        windowEnd += perSecond
      }
      // The pace itself: what is due is published every millisecond.
      await pause(1)
    }
    await confirmed
  }

  /** The next commit. A large one is built in slices: building it is the application's work. */
  async #commit(perTurn: number): Promise<NewUpdate[]> {
    const { commitUpdates } = this.#load
    if (commitUpdates <= perTurn) return this.#updates(commitUpdates)
    const all: NewUpdate[] = []
    while (all.length < commitUpdates) {
      const slice = Math.min(perTurn, commitUpdates - all.length)
      for (const update of this.#updates(slice, all.length)) all.push(update)
      await turn()
    }
    return all
  }

  #updates(count: number, from = 0): NewUpdate[] {
    const { tables, recordBytes } = this.#load
    return Array.from({ length: count }, (_, index) => {
      const number = this.#published + from + index
      const record: GrowthRecord = growthRecord(number, recordBytes)
      return { table: tables[number % tables.length] ?? '', kind: 'insert' as const, record }
    })
  }

  #publish(updates: readonly NewUpdate[]): void {
    const [only] = updates
    const begin = performance.now()
    this.#queue.publish(updates.length === 1 && only ? only : updates)
    this.#longestPublishMs = Math.max(this.#longestPublishMs, performance.now() - begin)
    this.#published += updates.length
  }
}
