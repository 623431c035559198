/** Limits of live tables, the same for all of them. */
export const liveLimits = {
  /** Keys that one call of `readKeys` is given: databases bound the parameters of a statement. */
  keysPerRead: 500,
  /** From so many keys on, where they are half of the rows as well, the whole table is read instead. */
  wholeFromKeys: 1_000,
  /** How long the version of a deleted row is remembered, milliseconds. */
  rememberedMs: 600_000,
  /** Deleted rows that are remembered at most, of each table. */
  rememberedRows: 100_000,
  /** The pause after a read that has failed, milliseconds; it doubles with each in a row. */
  retryMs: 100,
  /** It doubles up to so much, milliseconds. */
  longestRetryMs: 30_000,
}

export type LiveLimits = typeof liveLimits
