import type { BatchMessage } from '../model/message.ts'
import type { Update } from '../model/update.ts'
import type { RecordTest } from '../model/where.ts'
import { RowReader } from '../wire/rows/row-reader.ts'

/** Makes updates of the rows of a batch; see `RowReader.read()`. */
export interface BatchReader {
  read(batch: BatchMessage, skip: number, into: Update[]): boolean
}

/** What a subscription wants of one table. */
export interface TableSelection {
  /** The fields that records are to have; null: all. */
  readonly fields: ReadonlySet<string> | null
  /** Which updates; null: all. */
  readonly where: RecordTest | null
}

/** Reads of each table what a subscription selects: some of its updates, some of their fields. */
export class Selection implements BatchReader {
  readonly #of: (table: string) => TableSelection
  readonly #all: RowReader
  readonly #readers = new Map<string, RowReader>()

  /** `all`: for the tables of which everything is wanted. */
  constructor(of: (table: string) => TableSelection, all: RowReader) {
    this.#of = of
    this.#all = all
  }

  read(batch: BatchMessage, skip: number, into: Update[]): boolean {
    return this.#readerOf(batch.table).read(batch, skip, into)
  }

  #readerOf(table: string): RowReader {
    let reader = this.#readers.get(table)
    if (!reader) {
      const { fields, where } = this.#of(table)
      reader = fields || where ? new RowReader({ fields, where }) : this.#all
      this.#readers.set(table, reader)
    }
    return reader
  }
}
