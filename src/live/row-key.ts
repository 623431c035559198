import { ownField } from '../base/own-field.ts'
import type { KeyFields } from '../queue/table-fields.ts'
import { KeyReader } from '../queue/conflation-key.ts'

/** What tells the rows of a table apart, as a Map compares it: of one field its value, else a text. */
export type MapKey = string | number | bigint | boolean | null

/** Before the text of a value that a Map would not compare by what it is: no text of an application begins so. */
const textMark = '\0'

/** The key of a table: reads it from records, and from what the application gives. */
export class RowKey {
  readonly fields: readonly string[]
  /** The same as it was given. */
  readonly given: KeyFields
  /** The one field; null: a list of fields. */
  readonly #field: string | null
  readonly #reader: KeyReader

  constructor(key: KeyFields) {
    this.given = key
    this.#field = typeof key === 'string' ? key : null
    this.fields = typeof key === 'string' ? [key] : key
    this.#reader = new KeyReader(this.fields)
  }

  /** undefined: the record lacks a field of the key. */
  of(record: object): MapKey | undefined {
    if (this.#field === null) return this.#textOf(record)
    const value = ownField(record, this.#field)
    return isCompared(value) ? value : this.#textOf(record)
  }

  /** The same of a key as the application has it: the value of the one field, or an object of the fields. */
  ofValue(value: unknown): MapKey | undefined {
    return this.#field !== null && isCompared(value) ? value : this.of(this.#recordOf(value))
  }

  #recordOf(value: unknown): object {
    if (this.#field !== null) return { [this.#field]: value }
    return typeof value === 'object' && value !== null ? value : {}
  }

  /** The key of a record as the application has it. */
  valueOf(record: object): unknown {
    if (this.#field !== null) return ownField(record, this.#field)
    return Object.fromEntries(this.fields.map((field) => [field, ownField(record, field)]))
  }

  /** The record under the key that it had before the change; null: it had the same, as far as is known. */
  recordBefore(before: object, record: object): object | null {
    for (const field of this.fields) {
      const value = ownField(before, field)
      if (value === undefined || value === ownField(record, field)) continue
      return this.#reader.hasMoved(before, record) ? { ...record, ...before } : null
    }
    return null
  }

  #textOf(record: object): string | undefined {
    const key = this.#reader.read(record)
    return 'text' in key ? textMark + key.text : undefined
  }
}

/** True: a Map compares it as it is. */
const isCompared = (value: unknown): value is MapKey =>
  typeof value === 'string' ||
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  typeof value === 'boolean' ||
  value === null
