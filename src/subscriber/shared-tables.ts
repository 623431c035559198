/**
 * Sets of names of tables, one for all who have the same: of one kind of script many may die, each with many tables.
 * A set is kept as long as somebody has it.
 */
export class SharedTables {
  /** By the names in order, as JSON. */
  readonly #sets = new Map<string, WeakRef<ReadonlySet<string>>>()
  readonly #unused = new FinalizationRegistry<string>((key) => {
    // Another may have come in its place.
    if (this.#sets.get(key)?.deref() === undefined) this.#sets.delete(key)
  })

  get size(): number {
    return this.#sets.size
  }

  of(tables: Iterable<string>): ReadonlySet<string> {
    const names = new Set(tables)
    const key = JSON.stringify([...names].toSorted())
    const known = this.#sets.get(key)?.deref()
    if (known) return known
    this.#sets.set(key, new WeakRef(names))
    this.#unused.register(names, key)
    return names
  }
}
