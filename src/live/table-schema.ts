import type { RecordTest } from '../model/where.ts'
import type { RowKey } from './row-key.ts'

/** What a table is made of. */
export interface TableSchema {
  readonly name: string
  readonly key: RowKey
  /** The field with the version of a row; null: none. */
  readonly versionField: string | null
  /** Only records that pass are rows of the table; null: all. */
  readonly test: RecordTest | null
  /** Keys can be read, not the whole table alone. */
  readonly readsKeys: boolean
}
