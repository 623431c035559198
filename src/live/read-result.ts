import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { KeysInDoubt, ReadRows } from './row-table.ts'
import { noBound, versionFrom } from './row-version.ts'
import type { TableSchema } from './table-schema.ts'

/**
 * What a read gave, as the rows that are kept of it. Throws USAGE where it gave something else: a row that cannot be
 * told from others, or one that nobody asked for, would be wrong without a word.
 */
export function rowsOf(
  result: unknown,
  keys: KeysInDoubt | null,
  { name, key, test }: TableSchema,
  select: readonly string[] | null,
): ReadRows {
  const call = `${keys ? 'readKeys' : 'read'} of ${name}`
  const { rows, version } = partsOf(result)
  if (!Array.isArray(rows))
    throw usage(`${call} must give a list of rows, or { rows, version }, got ${shown(result)}`)
  const bound = version === undefined ? noBound : versionFrom(version)
  if (bound === undefined)
    throw usage(`version of ${call} must be a bigint of 64 bits, got ${shown(version)}`)
  const records: object[] = []
  for (const row of rows as readonly unknown[]) {
    if (!isPlainObject(row)) throw usage(`${call} must give rows, got ${shown(row)} for one`)
    const mapKey = key.of(row)
    if (mapKey === undefined)
      throw usage(`${call} gave a row without the key (${key.fields.join(', ')}): ${shown(row)}`)
    // '1' and 1 are two keys: a database that gives another type than what is published would double each row.
    if (keys && !keys.has(mapKey))
      throw usage(
        `${call} gave a row that it was not asked for, or its key has another type than in updates: ${shown(key.valueOf(row))}`,
      )
    if (test === null || test.passes(row, undefined))
      records.push(select === null ? row : pick(row, select))
  }
  return { records, bound }
}

function partsOf(result: unknown): { rows: unknown; version: unknown } {
  if (!isPlainObject(result)) return { rows: result, version: undefined }
  const { rows, version } = result as { rows?: unknown; version?: unknown }
  return { rows, version }
}

function pick(row: object, select: readonly string[]): object {
  const picked: Record<string, unknown> = {}
  for (const field of select) picked[field] = (row as Record<string, unknown>)[field]
  return picked
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
