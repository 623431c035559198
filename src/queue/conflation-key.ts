import { ownField } from '../base/own-field.ts'
import type { TablesOf } from '../model/update.ts'
import { FieldsByTable, type TableFields } from './table-fields.ts'

/**
 * What tells the records of a table apart: fields that all tables of the subscription share, or the
 * fields of each table by its name. Updates of a table that is left out are never folded.
 */
export type ConflationKey<Tables extends TablesOf = Record<string, object>> = TableFields<Tables>

/** The key of a record as a text, or the field that it lacks. */
export type KeyValue = { readonly text: string } | { readonly missing: string }

/** Reads the key of the records of one table. Texts of different keys differ, whatever their values. */
export class KeyReader {
  readonly #fields: readonly string[]

  constructor(fields: readonly string[]) {
    this.#fields = fields
  }

  read(record: object): KeyValue {
    let text = ''
    for (const field of this.#fields) {
      const value = ownField(record, field)
      if (value === undefined) return { missing: field }
      const part = textOf(value)
      // With its length before it a part cannot run into the next one.
      text = this.#fields.length === 1 ? part : `${text}${part.length}:${part}`
    }
    return { text }
  }

  /** True: `before` names another key than `record` does. What it leaves out has not changed. */
  hasMoved(before: object, record: object): boolean {
    for (const field of this.#fields) {
      const value = ownField(before, field)
      if (value !== undefined && textOf(value) !== textOf(ownField(record, field))) return true
    }
    return false
  }

  /** The key before a change, of what `before` says and, where it says nothing, `record`. */
  readBefore(before: object, record: object): KeyValue {
    return this.read({ ...record, ...before })
  }
}

/** The readers of all tables, by the option `key`. */
export class ConflationKeys {
  readonly #fields: FieldsByTable
  readonly #readers = new Map<string, KeyReader | null>()

  /** `key` as `checkTableFields()` lets it pass. */
  constructor(key: ConflationKey) {
    this.#fields = new FieldsByTable(key)
  }

  /** null: the table has no key, its updates are not folded. */
  of(table: string): KeyReader | null {
    let reader = this.#readers.get(table)
    if (reader === undefined) {
      const fields = this.#fields.of(table)
      reader = fields && new KeyReader(fields)
      this.#readers.set(table, reader)
    }
    return reader
  }
}

/** A letter for the type, then the value: '1', 1 and 1n are different keys. 0 and −0 are one. */
function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `s${value}`
    case 'number':
      return `n${value}`
    case 'bigint':
      return `i${value}`
    case 'boolean':
      return value ? 'b1' : 'b0'
  }
  if (value instanceof Date) return `d${value.getTime()}`
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('latin1')}`
  return `j${JSON.stringify(value, lettered)}`
}

/** JSON has no bigint: within it strings bear a letter for their type, too. */
function lettered(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `i${value}`
  return typeof value === 'string' ? `s${value}` : value
}
