import type { SQLOutputValue } from 'node:sqlite'
import type { Row } from './plain-calls.ts'
import type { ChangesetValue } from './changeset-reader.ts'

/** What a column gives to the application. */
export type RowValue = SQLOutputValue

/**
 * Whole numbers as the application's own reads give them: bigints where the database was opened with `readBigInts`; else
 * numbers, and bigints where a number is not exact, for which a read of the application would throw.
 */
export class RowValues {
  readonly #areBigInts: boolean

  constructor(areBigInts: boolean) {
    this.#areBigInts = areBigInts
  }

  of(value: Exclude<ChangesetValue, undefined>): RowValue {
    if (typeof value !== 'bigint' || this.#areBigInts) return value
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }

  /** An object of its own: those of SQLite have no prototype. */
  record(row: Row): Record<string, RowValue> {
    const record: Record<string, RowValue> = {}
    for (const name in row) set(record, name, this.of(row[name] as RowValue))
    return record
  }

  /** Of columns in their order; what is undefined is left out. */
  recordOf(
    columns: readonly string[],
    values: readonly ChangesetValue[],
  ): Record<string, RowValue> {
    const record: Record<string, RowValue> = {}
    for (const [place, name] of columns.entries()) {
      const value = values[place]
      if (value !== undefined) set(record, name, this.of(value))
    }
    return record
  }
}

/** A column may have any name, that of the prototype included. */
function set(record: Record<string, RowValue>, name: string, value: RowValue): void {
  if (name === '__proto__')
    Object.defineProperty(record, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  else record[name] = value
}
