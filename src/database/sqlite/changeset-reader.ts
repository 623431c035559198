import type { SQLOutputValue } from 'node:sqlite'

/** A value; undefined: it is not in the changeset, since it has not changed. Whole numbers are bigints. */
export type ChangesetValue = Exclude<SQLOutputValue, number> | number | undefined

/** What a session has noted of one row: its values in the order of the columns, without generated ones. */
export interface ChangesetRow {
  readonly table: string
  readonly kind: 'insert' | 'modify' | 'delete'
  /** Of a `modify` those of the primary key, and of columns that have changed. */
  readonly before: readonly ChangesetValue[] | null
  /** Of a `modify` those of columns that have changed. */
  readonly after: readonly ChangesetValue[] | null
}

const tableHeader = 0x54
const kinds = new Map([
  [18, 'insert'],
  [23, 'modify'],
  [9, 'delete'],
] as const)

/**
 * Reads what `session.changeset()` of SQLite gives: https://sqlite.org/sessionintro.html, its format
 * https://sqlite.org/src/file/ext/session/sqlite3session.c ("CHANGESET FORMAT").
 */
export function* readChangeset(bytes: Uint8Array): Generator<ChangesetRow> {
  const reader = new ChangesetBytes(bytes)
  let table = ''
  let columns = 0
  while (!reader.isAtEnd) {
    const code = reader.byte()
    if (code === tableHeader) {
      columns = reader.varint()
      reader.skip(columns) // which of them are the primary key
      table = reader.name()
      continue
    }
    const kind = kinds.get(code as 18 | 23 | 9)
    if (!kind) throw new Error(`a changeset has a change of the unknown kind ${code}`)
    reader.skip(1) // whether a trigger has made it
    const before = kind === 'insert' ? null : reader.values(columns)
    const after = kind === 'delete' ? null : reader.values(columns)
    yield { table, kind, before, after }
  }
}

const decoder = new TextDecoder()

class ChangesetBytes {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    return this.#view.getUint8(this.#at++)
  }

  skip(count: number): void {
    this.#at += count
  }

  /** Seven bits a byte, the highest first; lengths and counts have no more than 31. */
  varint(): number {
    let value = 0
    for (;;) {
      const byte = this.byte()
      value = value * 128 + (byte & 127)
      if (byte < 128) return value
    }
  }

  /** UTF-8 that ends with a zero. */
  name(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    const name = decoder.decode(this.#bytes.subarray(this.#at, end))
    this.#at = end + 1
    return name
  }

  values(count: number): ChangesetValue[] {
    return Array.from({ length: count }, () => this.#value())
  }

  #value(): ChangesetValue {
    const type = this.byte()
    switch (type) {
      case 0:
        return undefined
      case 1:
        return this.#view.getBigInt64(this.#take(8))
      case 2:
        return this.#view.getFloat64(this.#take(8))
      case 3:
        return decoder.decode(this.#bytesOf(this.varint()))
      case 4:
        return this.#bytesOf(this.varint()).slice()
      case 5:
        return null
      default:
        throw new Error(`a changeset has a value of the unknown type ${type}`)
    }
  }

  #take(count: number): number {
    const from = this.#at
    this.#at += count
    return from
  }

  #bytesOf(length: number): Uint8Array<ArrayBuffer> {
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length) as Uint8Array<ArrayBuffer>
  }
}
