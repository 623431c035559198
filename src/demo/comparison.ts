import { isDeepStrictEqual } from 'node:util'
import type { PriceRow, PriceTable, TableRows } from './tables.ts'
import { keyOf, priceTables } from './tables.ts'

/** A row that a copy does not hold as the database does. */
export interface Difference {
  readonly table: PriceTable
  readonly key: string
  readonly what: 'missing in the copy' | 'only in the copy' | 'another state in the copy'
}

/** Every row of the database against a copy's, all fields, and the other way round. */
export function differences(database: TableRows, copy: TableRows): Difference[] {
  return priceTables.flatMap((table) => tableDifferences(table, database[table], copy[table]))
}

function tableDifferences(
  table: PriceTable,
  database: readonly PriceRow[],
  copy: readonly PriceRow[],
): Difference[] {
  const found: Difference[] = []
  const copied = new Map(copy.map((row) => [keyOf(row), row]))
  for (const row of database) {
    const key = keyOf(row)
    const other = copied.get(key)
    copied.delete(key)
    if (!other) found.push({ table, key, what: 'missing in the copy' })
    else if (!isDeepStrictEqual({ ...row }, { ...other }))
      found.push({ table, key, what: 'another state in the copy' })
  }
  for (const key of copied.keys()) found.push({ table, key, what: 'only in the copy' })
  return found
}

export function countRows(tables: TableRows): number {
  return priceTables.reduce((sum, table) => sum + tables[table].length, 0)
}
