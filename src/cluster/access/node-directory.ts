/** Which other nodes there are, and where. */
export interface NodeDirectory {
  /** By name, with the address at which it is reached; null: it is not known now. */
  readonly others: ReadonlyMap<string, string | null>
  /** From now on it tells what it learns. */
  begin(): void
  /** To be called every `resolveIntervalMs`: who was unknown, or has moved, is found again. */
  tick(): void
  close(): void
}
