import type { MapKey } from './row-key.ts'

/** What became of one row: `undefined` before, it is new; `undefined` after, it is gone. */
export interface ChangedRow {
  readonly key: MapKey
  readonly before: object | undefined
  readonly after: object | undefined
}

/** The changes of one table since they were last taken, each row once: from what it was to what it is. */
export class FoldedChanges {
  #byKey = new Map<
    MapKey,
    { readonly key: MapKey; before: object | undefined; after: object | undefined }
  >()

  add(key: MapKey, before: object | undefined, after: object | undefined): void {
    const known = this.#byKey.get(key)
    if (known) known.after = after
    else this.#byKey.set(key, { key, before, after })
  }

  /** Those of which something has changed in the end, in the order in which they first did. */
  take(): ChangedRow[] {
    if (this.#byKey.size === 0) return []
    const changes = [...this.#byKey.values()].filter(({ before, after }) => before !== after)
    this.#byKey = new Map()
    return changes
  }
}
