import type { TableSequence } from '../model/message.ts'
import { type Tables, wantsTable } from '../model/request.ts'

/** How a flush ended: who has everything that was published before it, and who has not. */
export interface FlushOutcome {
  readonly confirmed: readonly string[]
  readonly missing: readonly string[]
}

interface Flush {
  readonly target: readonly TableSequence[]
  readonly until: number
  done(outcome: FlushOutcome): void
}

interface KnownSubscriber {
  tables: Tables
  readonly confirmed: Map<string, number>
}

/** The subscribers of this publisher, what they have confirmed, and the flushes that wait for it. */
export class Flushes {
  readonly #subscribers = new Map<string, KnownSubscriber>()
  #flushes: Flush[] = []

  get isWaiting(): boolean {
    return this.#flushes.length > 0
  }

  get deadline(): number {
    return Math.min(Infinity, ...this.#flushes.map((flush) => flush.until))
  }

  knows(subscriber: string): boolean {
    return this.#subscribers.has(subscriber)
  }

  addSubscriber(subscriber: string, tables: Tables): void {
    const known = this.#subscribers.get(subscriber)
    if (known) known.tables = tables
    else this.#subscribers.set(subscriber, { tables, confirmed: new Map() })
  }

  removeSubscriber(subscriber: string): void {
    this.#subscribers.delete(subscriber)
  }

  confirm(subscriber: string, streams: readonly TableSequence[]): void {
    const known = this.#subscribers.get(subscriber)
    if (!known) return
    for (const { table, last } of streams)
      known.confirmed.set(table, Math.max(last, known.confirmed.get(table) ?? 0))
  }

  start(flush: Flush): void {
    this.#flushes.push(flush)
  }

  /** Ends the flushes whose target everybody has confirmed, or whose time is up. */
  check(now: number, hasLeft: boolean): void {
    if (this.#flushes.length === 0) return
    const ended: [Flush, FlushOutcome][] = []
    this.#flushes = this.#flushes.filter((flush) => {
      const missing = this.#missing(flush.target)
      if ((missing.length > 0 || !hasLeft) && now < flush.until) return true
      const confirmed = [...this.#subscribers.keys()].filter((id) => !missing.includes(id))
      ended.push([flush, { confirmed, missing }])
      return false
    })
    for (const [flush, outcome] of ended) flush.done(outcome)
  }

  #missing(target: readonly TableSequence[]): string[] {
    return [...this.#subscribers]
      .filter(([, { tables, confirmed }]) =>
        target.some(
          ({ table, last }) => wantsTable(tables, table) && (confirmed.get(table) ?? 0) < last,
        ),
      )
      .map(([subscriber]) => subscriber)
  }
}
