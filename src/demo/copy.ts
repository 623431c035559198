import type { PriceRow, PriceTable, PriceTables, PriceUpdate, TableRows } from './tables.ts'
import { keyOf, priceTables } from './tables.ts'

/** A row as it was last heard of; null: deleted, and its version remembered. */
interface HeldRow {
  readonly version: bigint
  readonly row: PriceRow | null
}

/**
 * A data server's own copy of the tables. What was read and what comes by the queue overlap, and
 * two publishers change the same rows in no common order: of two states of a row the one with the
 * larger version counts, whichever came first. A deleted row leaves its version behind, so that an
 * older update cannot bring it back.
 */
export class Copy {
  readonly #tables: Readonly<Record<PriceTable, Map<string, HeldRow>>> = {
    DAILY_PRICE: new Map(),
    MONTHLY_SUMMARY: new Map(),
  }

  /**
   * Takes a table as it was just read. Every update applied so far was committed before that, so a
   * row that is not there any more has been deleted.
   */
  load(table: PriceTable, rows: readonly PriceRow[]): void {
    const held = this.#tables[table]
    const read = new Map(rows.map((row) => [keyOf(row), row]))
    for (const [key, { version }] of held) if (!read.has(key)) held.set(key, { version, row: null })
    for (const [key, row] of read) held.set(key, { version: row.VERSION, row })
  }

  /** False: the copy knows this state, or a newer one, already. */
  apply({ table, kind, record, version = record.VERSION }: PriceUpdate): boolean {
    const held = this.#tables[table]
    const key = keyOf(record)
    if ((held.get(key)?.version ?? -1n) >= version) return false
    held.set(key, { version, row: kind === 'delete' ? null : record })
    return true
  }

  /** Loses one row without a trace: what a comparison must find. */
  forgetOne(): void {
    const [first] = this.#tables.DAILY_PRICE.keys()
    if (first !== undefined) this.#tables.DAILY_PRICE.delete(first)
  }

  get size(): number {
    let rows = 0
    for (const table of priceTables)
      for (const { row } of this.#tables[table].values()) if (row) rows += 1
    return rows
  }

  /** All rows, in no particular order. */
  rows(): TableRows {
    const of = <Table extends PriceTable>(table: Table): PriceTables[Table][] =>
      Array.from(this.#tables[table].values())
        .map(({ row }) => row as PriceTables[Table] | null)
        .filter((row) => row !== null)
    return { DAILY_PRICE: of('DAILY_PRICE'), MONTHLY_SUMMARY: of('MONTHLY_SUMMARY') }
  }
}
