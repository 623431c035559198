import type { BatchMessage } from '../model/message.ts'
import type { Update } from '../model/update.ts'
import { selected } from '../wire/row-decoder.ts'
import { RowReader } from '../wire/row-reader.ts'

/** Makes updates of the rows of a batch; see `RowReader.read()`. */
export interface BatchReader {
  read(batch: BatchMessage, skip: number, into: Update[]): boolean
}

/** Which fields of a table's records a subscription wants; null: all. */
export type FieldsOfTable = (table: string) => readonly string[] | null

/** Reads of each table the fields that a subscription selects. */
export class Selection implements BatchReader {
  readonly #fieldsOf: FieldsOfTable
  readonly #all: RowReader
  readonly #tables = new Map<string, { reader: RowReader; fields: ReadonlySet<string> | null }>()

  /** `all`: for the tables of which every field is wanted. */
  constructor(fieldsOf: FieldsOfTable, all: RowReader) {
    this.#fieldsOf = fieldsOf
    this.#all = all
  }

  read(batch: BatchMessage, skip: number, into: Update[]): boolean {
    return this.#of(batch.table).reader.read(batch, skip, into)
  }

  /** Updates that came decoded, of a foreign publisher. */
  select(table: string, updates: readonly Update[]): Update[] {
    const { fields } = this.#of(table)
    return updates.map((update) => ({
      ...update,
      record: selected(update.record, fields),
      before: update.before && selected(update.before, fields),
    }))
  }

  #of(table: string) {
    let known = this.#tables.get(table)
    if (!known) {
      const names = this.#fieldsOf(table)
      const fields = names && new Set(names)
      known = { fields, reader: fields ? new RowReader({ fields }) : this.#all }
      this.#tables.set(table, known)
    }
    return known
  }
}
