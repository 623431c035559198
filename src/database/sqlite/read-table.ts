import type { DatabaseSync } from 'node:sqlite'
import { shown } from '../../base/shown.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { ReadTableOptions, VersionedRows } from '../versioned-rows.ts'
import { PlainCalls, type Row, quoted } from './plain-calls.ts'
import { hasCounts, numberOf } from './row-counts.ts'
import { RowValues } from './row-values.ts'
import { mainTable } from './table-shape.ts'

/** Reads of one moment of the database. */
export class DatabaseSnapshot {
  readonly #calls: PlainCalls
  readonly #values: RowValues
  readonly #hasCounts: boolean

  constructor(calls: PlainCalls) {
    this.#calls = calls
    this.#hasCounts = hasCounts(calls)
    const { one } = calls.prepare('SELECT 1 AS one').get() as { one: unknown }
    this.#values = new RowValues(typeof one === 'bigint')
  }

  /** As `readTable()`. */
  read<Row = Record<string, unknown>>(
    table: string,
    options?: ReadTableOptions,
  ): VersionedRows<Row> {
    const rows = options ? this.#readKeys(table, options) : this.#select(table, '')
    const version = this.#hasCounts ? numberOf(this.#calls, table) : 0n
    return { rows: rows.map((row) => this.#values.record(row)) as Row[], version }
  }

  #readKeys(table: string, { key, keys }: ReadTableOptions): Row[] {
    const columns = typeof key === 'string' ? [key] : key
    const where = ` WHERE ${columns.map((column) => `${quoted(column)} = ?`).join(' AND ')}`
    return keys.flatMap((value) => {
      const values = columns.map((column) =>
        typeof key === 'string' ? value : (value as Record<string, unknown>)[column],
      )
      return this.#select(table, where, values)
    })
  }

  #select(table: string, where: string, values: readonly unknown[] = []): Row[] {
    return this.#calls
      .statement(`SELECT * FROM ${mainTable(table)}${where}`)
      .all(...(values as never[]))
  }
}

/** Runs reads of one moment, in a transaction. For the option `within` of live tables. Throws USAGE within a transaction. */
export function snapshots(
  database: DatabaseSync,
): <Result>(run: (snapshot: DatabaseSnapshot) => Promise<Result>) => Promise<Result> {
  return async (run) => {
    const snapshot = begin(database)
    try {
      return await run(snapshot)
    } finally {
      end(database)
    }
  }
}

/**
 * Reads a table, or rows of it by their keys, and the version that live tables need: in one transaction. Throws USAGE
 * within a transaction of the application, and what SQLite throws.
 */
export function readTable<Row = Record<string, unknown>>(
  database: DatabaseSync,
  table: string,
  options?: ReadTableOptions,
): VersionedRows<Row> {
  const snapshot = begin(database)
  try {
    return snapshot.read<Row>(table, options)
  } finally {
    end(database)
  }
}

function begin(database: DatabaseSync): DatabaseSnapshot {
  if (typeof database?.prepare !== 'function' || !database.isOpen)
    throw new TidingsError(
      'USAGE',
      `reads take an open database of node:sqlite, got ${shown(database)}`,
    )
  if (database.isTransaction)
    throw new TidingsError(
      'USAGE',
      'a transaction is open on this connection: what is read there is not committed yet; read on a connection of its own',
    )
  const calls = new PlainCalls(database)
  calls.exec('BEGIN')
  return new DatabaseSnapshot(calls)
}

function end(database: DatabaseSync): void {
  if (database.isTransaction) new PlainCalls(database).exec('COMMIT')
}
