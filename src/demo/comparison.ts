import { keyColumns, type PriceTable, type PriceTables, type TableRows } from './tables.ts'

/** A row that a live table does not hold as the database does. */
export interface Difference {
  readonly table: PriceTable
  readonly key: string
  /** As people are told of it. */
  readonly what: string
}

type Row = Readonly<Record<string, unknown>>

/** Every row of the database against those of the live tables that somebody has, all fields, and the other way round. */
export function differences(database: Required<TableRows>, kept: TableRows): Difference[] {
  return tablesOf(kept).flatMap((table) =>
    tableDifferences(table, byKey(table, database), byKey(table, kept)),
  )
}

export function countRows(tables: TableRows): number {
  return tablesOf(tables).reduce((sum, table) => sum + (tables[table]?.length ?? 0), 0)
}

const tablesOf = (tables: TableRows): PriceTable[] => Object.keys(tables) as PriceTable[]

function byKey(table: PriceTable, tables: TableRows): Map<string, Row> {
  const rows: readonly PriceTables[PriceTable][] = tables[table] ?? []
  const fields = rows.map((row): Row => ({ ...row }))
  return new Map(fields.map((row) => [String(row[keyColumns[table]]), row]))
}

function tableDifferences(
  table: PriceTable,
  database: ReadonlyMap<string, Row>,
  kept: ReadonlyMap<string, Row>,
): Difference[] {
  const keys = new Set([...database.keys(), ...kept.keys()])
  return [...keys].flatMap((key) => {
    const what = differenceOf(database.get(key), kept.get(key))
    return what === null ? [] : [{ table, key, what }]
  })
}

function differenceOf(there: Row | undefined, here: Row | undefined): string | null {
  if (!here) return 'is in the database alone'
  if (!there) return 'is in the live table alone'
  const fields = new Set([...Object.keys(there), ...Object.keys(here)])
  const field = [...fields].find((name) => !Object.is(there[name], here[name]))
  if (field === undefined) return null
  return `has ${field} ${String(there[field])} in the database and ${String(here[field])} in the live table`
}
