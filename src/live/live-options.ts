import type { Loss } from '../model/loss.ts'
import type { TableWhere } from '../model/where.ts'
import type { KeyFields } from '../queue/table-fields.ts'
import type { LiveState } from './live-condition.ts'

/** The fields of a record; of one without a type any. */
export type RowField<Row> = [keyof Row] extends [never] ? string : keyof Row & string

/** A key as the application has it: the value of the one field, or an object with those of a list of fields. */
export type LiveKey<Row, Key> = Key extends readonly (infer Field)[]
  ? { readonly [Name in Field & keyof Row]: Row[Name] }
  : Key extends keyof Row
    ? Row[Key]
    : unknown

/** What a read gives: rows, or rows and a version that no change exceeds which they show. */
export type ReadResult<Row> =
  readonly Row[] | { readonly rows: readonly Row[]; readonly version: bigint }

/** What a read is given. */
export interface ReadContext<Within = undefined> {
  /** Aborts when the live table is closed. */
  readonly signal: AbortSignal
  /** What the option `within` gave, such as a transaction. */
  readonly within: Within
}

/** How one table is read and kept. */
export interface LiveTableOptions<
  Row,
  Key extends KeyFields = KeyFields,
  Select extends KeyFields | undefined = KeyFields | undefined,
  Within = undefined,
> {
  /** The field or fields that tell the rows apart. */
  readonly key: Key
  /**
   * Reads the table out of the database, or those of its rows that `where` lets pass. What was committed before the call
   * has to be in it: not for a replica that lags behind.
   */
  readonly read: (context: ReadContext<Within>) => ReadResult<Row> | PromiseLike<ReadResult<Row>>
  /** Reads the rows with these keys, 500 at most. Without it the whole table is read where one row is in doubt. */
  readonly readKeys?:
    | ((
        keys: readonly LiveKey<Row, Key>[],
        context: ReadContext<Within>,
      ) => ReadResult<Row> | PromiseLike<ReadResult<Row>>)
    | undefined
  /** The field with the version of a row: a bigint, a safe integer or the text of one. */
  readonly version?: RowField<Row> | undefined
  /** Only records that pass are rows of the live table. */
  readonly where?: TableWhere<Row> | undefined
  /** The fields that its rows have: `key`, `version` and those of `where` among them. Default: all. */
  readonly select?: Select | undefined
}

/** What live tables have in common that are kept together. */
export interface LiveOptions<Within = undefined> {
  /** Runs the reads of one time, in one transaction for instance; `within` is handed on to each of them. */
  readonly within?:
    (<Result>(run: (within: Within) => Promise<Result>) => Promise<Result>) | undefined
  /** What happens beside changes: for logs. What it throws is let go. */
  readonly onEvent?: ((event: LiveEvent) => unknown) | undefined
  /** Aborts the opening, and ends the live tables later. */
  readonly signal?: AbortSignal | undefined
}

/** What happens to live tables beside changes. The union may grow. */
export type LiveEvent =
  /** Something was lost, or a read has failed: the rows are those of before until it was read again. */
  | { readonly type: 'stale'; readonly table: string; readonly losses: readonly Loss[] }
  /** What was lost is in the rows. */
  | { readonly type: 'live'; readonly table: string }
  /** A read has failed, and is tried again after so many milliseconds. */
  | {
      readonly type: 'read-failed'
      readonly tables: readonly string[]
      readonly error: unknown
      readonly retryInMs: number
    }
  /** What `subscribe()` was given has thrown. */
  | { readonly type: 'handler-failed'; readonly error: unknown }

/** A row has changed in a live table, however often: from what it was to what it is. */
export interface LiveChange<Row = object, Key = unknown, Table extends string = string> {
  readonly table: Table
  readonly kind: 'insert' | 'modify' | 'delete'
  readonly key: Key
  /** The row as it is; of a delete, as it was last. */
  readonly record: Row
  /** The row as it was; undefined for an insert. */
  readonly before: Row | undefined
}

/** What has changed in one turn: whole commits, or what was read again. */
export interface LiveChanges<Change = LiveChange> {
  /** Empty where only the state has changed. */
  readonly changes: readonly Change[]
  readonly state: LiveState
}

export interface LiveStats {
  readonly rows: number
  /** Deleted rows whose versions are remembered. */
  readonly remembered: number
  /** Updates that changed a row, that were older than it, and whose rows had to be read again. */
  readonly applied: number
  readonly dropped: number
  readonly doubted: number
  /** Calls of `read` and `readKeys`. */
  readonly reads: number
  readonly failedReads: number
}

/** For each table how it is read and kept: by the names of tables, their keys and what is selected of each. */
export type TablesOptions<Tables, Keys, Selects, Within> = {
  readonly [Table in keyof Keys]: LiveTableOptions<
    Table extends keyof Tables ? Tables[Table] : object,
    Keys[Table] extends KeyFields ? Keys[Table] : never,
    KeyFields | undefined,
    Within
  >
} & { readonly [Table in keyof Selects]: { readonly select?: Selects[Table] } }
