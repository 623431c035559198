import { TidingsError } from '../base/tidings-error.ts'
import type { TablesOf } from '../model/update.ts'

/** One field, or several. */
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

/** Fields that all tables of a subscription share, or the fields of each table by its name. */
export type TableFields<Tables extends TablesOf = Record<string, object>> =
  | KeyFields<SharedField<Tables>>
  | { readonly [Table in keyof Tables]?: KeyFields<FieldOf<Tables[Table]>> | undefined }

type Names<Fields> = Fields extends readonly (infer Name)[] ? Name : Fields

/** The tables with the fields that are left of their records when `Select` is what is selected. */
export type Selected<Tables extends TablesOf, Select> = [Select] extends [undefined]
  ? Tables
  : {
      [Table in keyof Tables]: Select extends KeyFields
        ? Pick<Tables[Table], Extract<Names<Select>, keyof Tables[Table]>>
        : Table extends keyof Select
          ? Pick<Tables[Table], Extract<Names<Select[Table]>, keyof Tables[Table]>>
          : Tables[Table]
    }

/** The fields of each table, as an option names them. */
export class FieldsByTable {
  readonly #shared: readonly string[] | null
  readonly #byTable: ReadonlyMap<string, readonly string[]>

  /** `fields` as `checkTableFields()` lets it pass. */
  constructor(fields: TableFields) {
    this.#shared = isFields(fields) ? listOf(fields) : null
    this.#byTable = new Map(
      isFields(fields)
        ? []
        : Object.entries(fields).flatMap(([table, of]) =>
            of === undefined ? [] : [[table, listOf(of)]],
          ),
    )
  }

  /** null: the option names none of this table. */
  of(table: string): readonly string[] | null {
    return this.#shared ?? this.#byTable.get(table) ?? null
  }
}

/** Throws USAGE where the option `name` names no fields of these tables. */
export function checkTableFields(
  name: string,
  value: unknown,
  tables: readonly string[] | '*',
): void {
  if (isFields(value)) return checkFields(name, value)
  if (typeof value !== 'object' || value === null)
    throw new TidingsError(
      'USAGE',
      `${name} must be a field, a list of fields, or such a thing for each table, got ${JSON.stringify(value)}`,
    )
  for (const [table, fields] of Object.entries(value)) {
    if (tables !== '*' && !tables.includes(table))
      throw new TidingsError(
        'USAGE',
        `${name} names ${table}, which is no table of this subscription: ${tables.join(', ')}`,
      )
    if (fields !== undefined) checkFields(`${name}.${table}`, fields)
  }
}

function checkFields(name: string, fields: unknown): void {
  const list: readonly unknown[] = isFields(fields) ? listOf(fields) : []
  const areNames = list.every((field) => typeof field === 'string' && field !== '')
  if (list.length === 0 || !areNames || new Set(list).size < list.length)
    throw new TidingsError(
      'USAGE',
      `${name} must be the name of a field, or a list of different ones, got ${JSON.stringify(fields)}`,
    )
}

const isFields = (key: unknown): key is KeyFields => typeof key === 'string' || Array.isArray(key)
const listOf = (fields: KeyFields): readonly string[] =>
  typeof fields === 'string' ? [fields] : fields
