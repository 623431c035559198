import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import {
  type FieldWhere,
  isPlain,
  operandOf,
  operators,
  RecordTest,
  type TableWhere,
} from '../model/where.ts'
import type { TableSelection } from '../subscriber/selection.ts'
import { maxTestedFields } from '../wire/rows/row-filter.ts'
import { FieldsByTable, type TableFields } from './table-fields.ts'

/** Values that `in` may list: a longer list is a table of its own, and slow to check against. */
const maxListed = 10_000

/** What the options `select` and `where` want of each table; null: everything of all. */
export function selectionOf({
  select,
  where,
}: {
  readonly select?: TableFields | undefined
  readonly where?: object | undefined
}): ((table: string) => TableSelection) | null {
  if (select === undefined && where === undefined) return null
  const fields = select === undefined ? null : new FieldsByTable(select)
  const tests = new Map<string, RecordTest>()
  for (const [table, conditions] of Object.entries(where ?? {}) as [string, TableWhere?][])
    if (conditions !== undefined) tests.set(table, new RecordTest(conditions))
  return (table) => {
    const names = fields?.of(table)
    return { fields: names ? new Set(names) : null, where: tests.get(table) ?? null }
  }
}

/** Throws USAGE where `where` is not what it has to be. */
export function checkWhere(where: unknown, tables: readonly string[] | '*'): void {
  if (!isPlainObject(where))
    throw usage(
      `where must be conditions for each table, e.g. { TRADE: { SIDE: 'BUY' } }, got ${shown(where)}`,
    )
  for (const [table, conditions] of Object.entries(where)) {
    if (tables !== '*' && !tables.includes(table))
      throw usage(
        `where names ${table}, which is no table of this subscription: ${tables.join(', ')}`,
      )
    if (conditions !== undefined) checkTable(`where.${table}`, conditions)
  }
}

function checkTable(name: string, conditions: unknown): void {
  if (!isPlainObject(conditions))
    throw usage(
      `${name} must be fields and what must hold for them, e.g. { SIDE: 'BUY' }, got ${shown(conditions)}`,
    )
  const fields = Object.entries(conditions).filter(([, where]) => where !== undefined)
  if (fields.length === 0 || fields.length > maxTestedFields)
    throw usage(
      `${name} must have conditions on 1 to ${maxTestedFields} fields, got ${fields.length}`,
    )
  for (const [field, where] of fields) checkField(`${name}.${field}`, where)
}

function checkField(name: string, where: unknown): void {
  if (isPlain(where as FieldWhere)) {
    checkOperand(name, where, true)
    return
  }
  const given = isPlainObject(where)
    ? Object.entries(where).filter(([, operand]) => operand !== undefined)
    : []
  const isKnown = given.every(([operator]) => (operators as readonly string[]).includes(operator))
  if (given.length === 0 || !isKnown)
    throw usage(
      `${name} must be a value or some of the conditions ${operators.join(', ')}, got ${shown(where)}`,
    )
  for (const [operator, operand] of given) {
    if (operator !== 'in') {
      checkOperand(`${name}.${operator}`, operand, operator === 'eq' || operator === 'not')
      continue
    }
    if (!Array.isArray(operand) || operand.length === 0 || operand.length > maxListed)
      throw usage(`${name}.in must be a list of 1 to ${maxListed} values, got ${shown(operand)}`)
    for (const value of operand) checkOperand(`${name}.in`, value, true)
  }
}

function checkOperand(name: string, operand: unknown, mayBeNull: boolean): void {
  const { type, value } = operandOf(operand)
  const isValue = type !== 'other' && operand !== undefined && !Number.isNaN(value)
  if (!isValue || (type === 'null' && !mayBeNull))
    throw usage(
      `${name} must be a string, a number, a bigint, a boolean${mayBeNull ? ', a Date or null' : ' or a Date'}, got ${shown(operand)}`,
    )
}

/** Where the key of a record is not read its updates cannot be told apart. */
export function checkKeySelected(
  key: TableFields,
  select: TableFields,
  tables: readonly string[] | '*',
) {
  const [keys, selection] = [new FieldsByTable(key), new FieldsByTable(select)]
  const named = [key, select].flatMap((fields) =>
    typeof fields === 'string' || Array.isArray(fields) ? [] : Object.keys(fields),
  )
  for (const table of tables === '*' ? [...named, ''] : tables) {
    const selected = selection.of(table)
    const missing = keys.of(table)?.find((field) => selected?.includes(field) === false)
    if (missing !== undefined)
      throw new TidingsError(
        'USAGE',
        `select leaves out ${missing}, a field of key${table === '' ? '' : ` of table ${table}`}: select it, too`,
      )
  }
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
