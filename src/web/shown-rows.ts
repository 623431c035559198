import { ownField } from '../base/own-field.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { RecordTest, type TableWhere } from '../model/where.ts'
import type { ServedTable } from './served-table.ts'

interface ShownRowsOptions {
  /** What pages call the table. */
  readonly name: string
  readonly table: ServedTable
  /** null: all rows. */
  readonly where: TableWhere | null
  readonly map: ((record: object, table: string) => object) | undefined
}

/** Which rows of a live table a page gets, and what of them. */
export class ShownRows {
  readonly #options: ShownRowsOptions
  readonly #test: RecordTest | null
  readonly #keyFields: readonly string[]

  constructor(options: ShownRowsOptions) {
    const { where, table } = options
    this.#options = options
    this.#test = where === null ? null : new RecordTest(where)
    this.#keyFields = [table.key].flat()
  }

  includes(record: object): boolean {
    return this.#test === null || this.#test.passes(record, undefined)
  }

  /** All of them, as they are now. Records do not change, so this stays what it is. */
  all(): object[] {
    const records: object[] = []
    for (const record of this.#options.table.values())
      if (this.includes(record)) records.push(record)
    return records
  }

  /** The row with this key; undefined: it is not there, or not for this page. */
  get(key: unknown): object | undefined {
    const record = this.#options.table.get(key)
    return record !== undefined && this.includes(record) ? record : undefined
  }

  /**
   * What a page gets of a row.
   * @throws TidingsError USAGE where `map` takes the key away, and what `map` throws
   */
  shown(record: object): object {
    const { map, name } = this.#options
    if (!map) return record
    const shown: unknown = map(record, name)
    if (!isPlainObject(shown))
      throw new TidingsError('USAGE', `map of ${name} must give an object for each row`)
    for (const field of this.#keyFields)
      if (ownField(shown, field) !== ownField(record, field))
        throw new TidingsError(
          'USAGE',
          `map of ${name} must keep ${field} as it is: it tells the rows apart`,
        )
    return shown
  }
}
