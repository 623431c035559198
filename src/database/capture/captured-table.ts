import type { NewChange, NewReset } from '../../model/reset.ts'
import type { Relation, StreamValue, Tuple } from './pgoutput.ts'
import type { CapturedRow } from './transaction-assembly.ts'

/** Makes a value of the text that PostgreSQL writes of it. */
export type ParseValue = (text: string) => unknown

type Row = Record<string, unknown>

/** Makes changes of a table out of what the stream has of it. */
export class CapturedTable {
  /** In the queue. */
  readonly name: string
  readonly #columns: readonly string[]
  readonly #parsers: readonly ParseValue[]
  /** Places of the columns that tell a row apart. */
  readonly #key: readonly number[]
  /** Why none of its rows comes whole; null: they do. */
  readonly #neverWhole: string | null

  /**
   * `parsers`: one for each column; `primaryKey`: names of columns, empty where there is none; `generated`: names of
   * columns that the stream may not have, since they are computed.
   */
  constructor(
    name: string,
    { identity, columns }: Relation,
    parsers: readonly ParseValue[],
    primaryKey: readonly string[],
    generated: readonly string[],
  ) {
    this.name = name
    this.#columns = columns.map((column) => column.name)
    const missing = generated.filter((column) => !this.#columns.includes(column))
    this.#neverWhole =
      missing.length > 0 ? `the generated column ${missing.join(', ')} is not sent` : null
    this.#parsers = parsers
    const isKey =
      identity === 'f' || identity === 'n'
        ? columns.map((column) => primaryKey.includes(column.name))
        : columns.map((column) => column.isKey)
    this.#key = [...isKey.keys()].filter((place) => isKey[place])
  }

  /** What is to be published of a change; a reset of its row where its values did not all come, or cannot travel. */
  change({ kind, row, old, oldKey }: CapturedRow, version: bigint): NewChange {
    const after = row && filledUp(row, old)
    if (after && this.#neverWhole !== null) return this.#reset(this.#neverWhole, row, old ?? oldKey)
    if (after?.includes(undefined))
      return this.#reset('a large value that was not changed was not sent', row, old ?? oldKey)
    try {
      const before = old ? this.#row(old) : oldKey && this.#keyOf(oldKey)
      if (!after) return { table: this.name, kind, record: before ?? {}, version }
      const record = this.#row(after)
      return { table: this.name, kind, record, version, ...(before && { before }) }
    } catch (error) {
      if (!(error instanceof CannotTravel)) throw error
      return this.#reset(error.message, row, old ?? oldKey)
    }
  }

  /** Of the whole table. */
  reset(reason: string): NewReset {
    return { table: this.name, kind: 'reset', reason }
  }

  /** Of the rows with the keys of these; of the whole table where nobody can tell them. */
  #reset(reason: string, ...rows: readonly (Tuple | null)[]): NewReset {
    const keys = rows.flatMap((row) => (row ? [this.#keyOf(row)] : []))
    const isTold = this.#key.length > 0 && keys.length > 0
    return { ...this.reset(reason), ...(isTold && { keys }) }
  }

  #row(tuple: Tuple): Row {
    const row: Row = {}
    for (const [place, name] of this.#columns.entries())
      row[name] = this.#value(place, tuple[place])
    return row
  }

  #keyOf(tuple: Tuple): Row {
    const row: Row = {}
    for (const place of this.#key)
      row[this.#columns[place] as string] = this.#value(place, tuple[place])
    return row
  }

  #value(place: number, text: StreamValue): unknown {
    if (text === null || text === undefined) return null
    const value = this.#parsers[place]?.(text)
    if (Array.isArray(value) && !isTravelling(value))
      throw new CannotTravel(`a value of ${this.#columns[place]} cannot travel`)
    return value
  }
}

/** A value that an update cannot carry. */
class CannotTravel extends Error {}

/** What the row does not say of large values that did not change, the whole row before does. */
const filledUp = (row: Tuple, old: Tuple | null): Tuple =>
  old === null ? row : row.map((value, place) => (value === undefined ? old[place] : value))

/** Lists travel as JSON, which has neither bytes nor numbers that are infinite or none. */
const isTravelling = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every(isTravelling)
    : !(value instanceof Uint8Array) && !(typeof value === 'number' && !Number.isFinite(value))
