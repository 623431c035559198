/** Rows, and a version that no change exceeds which they show. */
export interface VersionedRows<Row> {
  readonly rows: Row[]
  readonly version: bigint
}

/** Which rows of a table are read. Default: all. */
export interface ReadTableOptions {
  /** The column or columns of `keys`. */
  readonly key: string | readonly string[]
  /** Values of the column, or objects with those of each column. */
  readonly keys: readonly unknown[]
}
