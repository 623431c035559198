import { TidingsError } from '../base/tidings-error.ts'
import type { TablesOf } from '../model/update.ts'

/** One field, or several that together are the key. */
export type KeyFields<Field extends string = string> = Field | readonly Field[]

/** Tables whose records have no type: any field goes. */
type Untyped<Tables extends TablesOf> = {
  [Table in keyof Tables]: [keyof Tables[Table]] extends [never] ? Table : never
}[keyof Tables]

type FieldOf<Entry> = [keyof Entry] extends [never] ? string : keyof Entry & string

/** The fields that the records of all tables have. */
type SharedField<Tables extends TablesOf> = [Untyped<Tables>] extends [never]
  ? keyof Tables[keyof Tables] & string
  : string

/**
 * What tells the records of a table apart: fields that all tables of the subscription share, or the
 * fields of each table by its name. Updates of a table that is left out are never folded.
 */
export type ConflationKey<Tables extends TablesOf = Record<string, object>> =
  | KeyFields<SharedField<Tables>>
  | { readonly [Table in keyof Tables]?: KeyFields<FieldOf<Tables[Table]>> }

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
      const value = fieldOf(record, field)
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
      const value = fieldOf(before, field)
      if (value !== undefined && textOf(value) !== textOf(fieldOf(record, field))) return true
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
  readonly #shared: KeyReader | null
  readonly #byTable: ReadonlyMap<string, KeyReader>

  /** `key` as `checkConflationKey()` lets it pass. */
  constructor(key: ConflationKey) {
    this.#shared = isFields(key) ? new KeyReader(listOf(key)) : null
    this.#byTable = new Map(
      isFields(key)
        ? []
        : Object.entries(key).flatMap(([table, fields]) =>
            fields === undefined ? [] : [[table, new KeyReader(listOf(fields))]],
          ),
    )
  }

  /** null: the table has no key, its updates are not folded. */
  of(table: string): KeyReader | null {
    return this.#shared ?? this.#byTable.get(table) ?? null
  }
}

/** Throws USAGE where `key` is no key of these tables. */
export function checkConflationKey(key: unknown, tables: readonly string[] | '*'): void {
  if (isFields(key)) return checkFields('key', key)
  if (typeof key !== 'object' || key === null)
    throw new TidingsError(
      'USAGE',
      `key is a field, a list of fields, or such a thing for each table, got ${JSON.stringify(key)}`,
    )
  for (const [table, fields] of Object.entries(key)) {
    if (tables !== '*' && !tables.includes(table))
      throw new TidingsError(
        'USAGE',
        `key names ${table}, which is no table of this subscription: ${tables.join(', ')}`,
      )
    if (fields !== undefined) checkFields(`key.${table}`, fields)
  }
}

function checkFields(name: string, fields: unknown): void {
  const list: readonly unknown[] = isFields(fields) ? listOf(fields) : []
  const areNames = list.every((field) => typeof field === 'string' && field !== '')
  if (list.length === 0 || !areNames || new Set(list).size < list.length)
    throw new TidingsError(
      'USAGE',
      `${name} is the name of a field, or a list of different ones, got ${JSON.stringify(fields)}`,
    )
}

const isFields = (key: unknown): key is KeyFields => typeof key === 'string' || Array.isArray(key)
const listOf = (fields: KeyFields): readonly string[] =>
  typeof fields === 'string' ? [fields] : fields

/** A record's own field: what every object inherits is no field of it. */
const fieldOf = (record: object, field: string): unknown =>
  Object.hasOwn(record, field) ? (record as Record<string, unknown>)[field] : undefined

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
  return `j${JSON.stringify(value)}`
}
