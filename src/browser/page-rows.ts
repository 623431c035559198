/** A row has changed: from what it was to what it is. */
export interface PageChange<Row = object> {
  readonly kind: 'insert' | 'modify' | 'delete'
  /** The value of the one field, or an object with those of a list of fields. */
  readonly key: unknown
  /** The row as it is; of a delete, as it was last. */
  readonly record: Row
  /** The row as it was; undefined for an insert. */
  readonly before: Row | undefined
}

/** Rows to put and keys of rows that are gone, as the server tells them. */
export interface RowStep<Row> {
  readonly rows: readonly Row[]
  readonly gone: readonly unknown[]
}

type Fields = Readonly<Record<string, unknown>>

/** The rows of one table by their keys. A row that changes is another object. */
export class PageRows<Row extends object> {
  #key: string | readonly string[] = []
  #byKey = new Map<unknown, Row>()
  #list: readonly Row[] | null = null

  /** The field or fields that tell the rows apart. */
  set key(key: string | readonly string[]) {
    this.#key = key
  }

  /** All of them; the same list until one changes. */
  get list(): readonly Row[] {
    return (this.#list ??= [...this.#byKey.values()])
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: unknown): Row | undefined {
    return this.#byKey.get(this.#textOf(key))
  }

  /** `isWhole`: the rows of the step are all there are. Gives what has changed by it. */
  take({ rows, gone }: RowStep<Row>, isWhole: boolean): PageChange<Row>[] {
    const changes: PageChange<Row>[] = []
    const before = this.#byKey
    if (isWhole) this.#byKey = new Map()
    for (const row of rows) this.#put(row, before, changes)
    if (isWhole) {
      for (const [text, row] of before) if (!this.#byKey.has(text)) changes.push(this.#gone(row))
    } else
      for (const key of gone) {
        const text = this.#textOf(key)
        const row = this.#byKey.get(text)
        if (row && this.#byKey.delete(text)) changes.push(this.#gone(row))
      }
    if (changes.length > 0) this.#list = null
    return changes
  }

  #put(row: Row, rowsBefore: ReadonlyMap<unknown, Row>, changes: PageChange<Row>[]): void {
    const key = this.#keyOf(row)
    const text = this.#textOf(key)
    const before = rowsBefore.get(text)
    // Whoever holds a row that is what it was keeps it.
    const isSame = before !== undefined && hasSameFields(before as Fields, row as Fields)
    this.#byKey.set(text, isSame ? before : row)
    if (!isSame) changes.push({ kind: before ? 'modify' : 'insert', key, record: row, before })
  }

  #gone(row: Row): PageChange<Row> {
    return { kind: 'delete', key: this.#keyOf(row), record: row, before: row }
  }

  #keyOf(row: Row): unknown {
    const key = this.#key
    if (typeof key === 'string') return (row as Fields)[key]
    return Object.fromEntries(key.map((field) => [field, (row as Fields)[field]]))
  }

  /** As a Map compares it. */
  #textOf(key: unknown): unknown {
    if (typeof this.#key === 'string' || typeof key !== 'object' || key === null) return key
    return JSON.stringify(this.#key.map((field) => (key as Fields)[field]))
  }
}

/** In whatever order: an update and a read of the same row may have another one. */
function hasSameFields(one: Fields, other: Fields): boolean {
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => JSON.stringify(one[name]) === JSON.stringify(other[name]))
  )
}
