import type { Tables } from '../model/request.ts'

/**
 * The tables of a subscription, one set for all who ask: each table that a message names is looked up here.
 */
export class WantedTables {
  /** null: all. */
  readonly named: ReadonlySet<string> | null

  constructor(tables: Tables) {
    this.named = tables === '*' ? null : new Set(tables)
  }

  has(table: string): boolean {
    return this.named === null || this.named.has(table)
  }
}
