import { type PlainCalls, quoted } from './plain-calls.ts'

/** A table as the catalog has it. */
export interface TableShape {
  readonly name: string
  /** All that `select *` gives, in its order. */
  readonly columns: readonly string[]
  /** Those that a session knows: all but generated ones. */
  readonly stored: readonly string[]
  /** The columns of the primary key, in the order of the table; without one nobody can tell which row has changed. */
  readonly key: readonly string[]
  /** Of the key, those that may be null: of such a row nobody can tell, either. */
  readonly nullable: readonly string[]
}

/** Ours, and no business of who publishes. */
export const ownPrefix = 'tidings_'

/** The tables of the main database whose changes can be told: no views, no virtual tables and what belongs to those. */
export function tableNamesOf(calls: PlainCalls): string[] {
  return calls
    .statement(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
        AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'tidings\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all()
    .map(({ name }) => String(name))
}

/** Null: there is no such table. */
export function shapeOf(calls: PlainCalls, table: string): TableShape | null {
  const rows = calls
    .statement(`SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?, 'main')`)
    .all(table)
    .filter(({ hidden }) => hidden !== 1n)
  if (rows.length === 0) return null
  const names = rows.map(({ name }) => String(name))
  const ofKey = rows.filter(({ pk }) => pk !== 0n)
  return {
    name: table,
    columns: names,
    stored: rows.filter(({ hidden }) => hidden === 0n).map(({ name }) => String(name)),
    key: ofKey.map(({ name }) => String(name)),
    nullable: ofKey
      .filter(({ notnull, type }) => notnull === 0n && !isRowid(ofKey.length, type))
      .map(({ name }) => String(name)),
  }
}

/** An INTEGER PRIMARY KEY is the number of the row, which is never null. */
const isRowid = (columns: number, type: unknown): boolean =>
  columns === 1 && String(type).toUpperCase() === 'INTEGER'

/** A table of the main database, whatever others there are. */
export const mainTable = (table: string): string => `main.${quoted(table)}`
