import type { TidingsError } from '../base/tidings-error.ts'
import type { KeyFields } from '../queue/table-fields.ts'
import type { LiveState } from './live-condition.ts'
import type { RowField, LiveKey, LiveChange, LiveChanges, LiveStats } from './live-options.ts'

/** What live tables have, one or several of them. */
export interface LiveRows<Change> extends AsyncIterable<LiveChanges<Change>>, AsyncDisposable {
  /**
   * `reading` until the table was read for the first time; `live`: all that was told is in the rows; `stale`: something
   * was lost, or a read has failed, and the rows are those of before; `closed`: they are not kept any more.
   */
  readonly state: LiveState
  /** Since when it is stale, milliseconds since the epoch by this process's clock; null: it is not. */
  readonly staleSince: number | null
  /** Whose updates do not come now: see `unreachable` of a subscription. */
  readonly unreachable: readonly string[]
  /**
   * Calls `listener` whenever rows or the state have changed, in the same turn, with whole commits. Returns what ends
   * it. The records it is given are those of the live table: read them only.
   */
  subscribe(listener: (event: LiveChanges<Change>) => unknown): () => void
  /** The same to iterate; for who is slow each row is there once. Leaving the loop ends it. */
  [Symbol.asyncIterator](): AsyncIterator<LiveChanges<Change>, undefined>
  /** Resolves when no row is in doubt and nothing is to be read. Rejects with ABORTED, or with CLOSED. */
  settled(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /**
   * Resolves when what the commit of this token has changed is in the rows: by its updates, or by a read that began
   * when these were in doubt or lost. Rejects as `seen()` of a subscription does, and where the live table ends.
   */
  seen(token: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** Ends it. The rows stay as they are. */
  close(): Promise<void>
  /** Resolves when it has ended: with the error that ended it, or with nothing. */
  readonly closed: Promise<TidingsError | undefined>
}

/** The rows of one table in memory, kept equal to the database. */
export interface LiveTable<Row = object, Key = unknown, Table extends string = string>
  extends LiveRows<LiveChange<Row, Key, Table>>, Iterable<Row> {
  /** The field or fields that tell its rows apart, as they were given. */
  readonly key: KeyFields
  readonly size: number
  get(key: Key): Row | undefined
  has(key: Key): boolean
  /** In no particular order. */
  values(): IterableIterator<Row>
  /** The rows by some of their fields. It is made when it is asked for first, and kept from then on. */
  index<const Fields extends KeyFields<RowField<Row>>>(
    fields: Fields,
  ): LiveIndex<Row, LiveKey<Row, Fields>>
  stats(): LiveStats
}

/** The rows of a live table by the values of some of their fields. */
export interface LiveIndex<Row, Value> {
  /** In no particular order. */
  get(value: Value): Row[]
}

/** Several live tables that change together. */
export interface LiveTables<Tables> extends LiveRows<ChangeOf<Tables>> {
  readonly tables: Tables
}

type ChangeOf<Tables> = {
  [Table in keyof Tables]: Tables[Table] extends LiveTable<infer Row, infer Key, infer Name>
    ? LiveChange<Row, Key, Name>
    : never
}[keyof Tables]
