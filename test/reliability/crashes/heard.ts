import type { Delivery } from '../../../src/model/update.ts'
import { liveNames, type LiveSchema } from '../live/live-database.ts'

/** A transaction that is in the database: by the ID of the account that it has inserted. */
export interface CommittedTransaction {
  readonly id: string
  /** The incarnation of the process that made it. */
  readonly incarnation: string
}

/** What a subscriber has of the transactions of others: a row of each table. */
export class Heard {
  /** In which delivery the row of a transaction came, counted from 1. */
  readonly #rows = new Map<string, number>()
  /** Tables of publishers of which all that did not come is lost. */
  readonly #lost = new Set<string>()
  #deliveries = 0

  take(delivery: Delivery<LiveSchema>): void {
    this.#deliveries += 1
    if (delivery.type === 'updates')
      for (const update of delivery.updates) {
        const id = update.table === 'ACCOUNT' ? update.record.ID : update.record.ACCOUNT
        this.#rows.set(rowOf(update.table, id), this.#deliveries)
      }
    if (delivery.type === 'loss')
      for (const { table, publisher, to, reason } of delivery.losses)
        if (reason === 'gone' && to === null) this.#lost.add(`${table} ${publisher?.incarnation}`)
  }

  /** Each process of these was said to be gone, in each table. */
  hasEndOf(transactions: readonly CommittedTransaction[]): boolean {
    return transactions.every((each) => liveNames.every((table) => this.#isLost(table, each)))
  }

  /** Rows that did not come; `silent`: nor lie in a loss. */
  missing(transactions: readonly CommittedTransaction[]): { rows: string[]; silent: string[] } {
    const rows: string[] = []
    const silent: string[] = []
    for (const each of transactions)
      for (const table of liveNames) {
        const row = rowOf(table, each.id)
        if (this.#rows.has(row)) continue
        rows.push(row)
        if (!this.#isLost(table, each)) silent.push(row)
      }
    return { rows, silent }
  }

  /** Rows that came and whose transaction is none of these. */
  beside(transactions: readonly CommittedTransaction[]): string[] {
    const ids = new Set(transactions.map(({ id }) => id))
    return [...this.#rows.keys()].filter((row) => !ids.has(row.split(' ')[1] ?? ''))
  }

  /** Of these, transactions whose rows came in more than one delivery. */
  apart(transactions: readonly CommittedTransaction[]): string[] {
    const deliveries = (id: string) =>
      liveNames.flatMap((table) => this.#rows.get(rowOf(table, id)) ?? [])
    return transactions.flatMap(({ id }) => (new Set(deliveries(id)).size > 1 ? [id] : []))
  }

  #isLost(table: string, { incarnation }: CommittedTransaction): boolean {
    return this.#lost.has(`${table} ${incarnation}`)
  }
}

const rowOf = (table: string, id: string): string => `${table} ${id}`
