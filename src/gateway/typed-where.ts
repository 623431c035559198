import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'

/** Conditions for each table, as `subscribe()` takes them. */
export type TypedWhere = Readonly<Record<string, Readonly<Record<string, never>>>>

/**
 * `where` of JSON, which has fewer types than a record: `{"bigint":"120"}` and `{"date":"2026-01-31T12:00:00Z"}` stand for values of
 * these types, wherever a value may stand. All else the queue checks.
 * @throws TidingsError USAGE
 */
export function typedWhere(value: unknown): TypedWhere {
  const tables = mapped(value, 'where', (conditions, table) =>
    mapped(conditions, table, (field, name) => conditionsOf(field, name)),
  )
  if (isPlainObject(tables)) return tables as TypedWhere
  throw new TidingsError(
    'USAGE',
    `where must be conditions for each table, e.g. {"TRADE":{"SIDE":"BUY"}}, got ${shown(value)}`,
  )
}

/** A value, or conditions on it. */
function conditionsOf(field: unknown, name: string): unknown {
  const value = valueOf(field, name)
  if (value !== field) return value
  return mapped(field, name, (operand, place) =>
    Array.isArray(operand) ? operand.map((each) => valueOf(each, place)) : valueOf(operand, place),
  )
}

function mapped(
  value: unknown,
  place: string,
  change: (value: unknown, place: string) => unknown,
): unknown {
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, change(each, `${place}.${name}`)]),
  )
}

const wholeNumber = /^-?\d{1,19}$/

/** What is no such object stays as it is. */
function valueOf(value: unknown, place: string): unknown {
  if (!isPlainObject(value)) return value
  const [[type, text] = [], ...others] = Object.entries(value) as [string, unknown][]
  if (others.length > 0 || (type !== 'bigint' && type !== 'date')) return value
  if (type === 'bigint' && typeof text === 'string' && wholeNumber.test(text)) return BigInt(text)
  const date = new Date(typeof text === 'string' ? text : Number.NaN)
  if (type === 'date' && !Number.isNaN(date.getTime())) return date
  throw new TidingsError(
    'USAGE',
    `${place} must be a ${type === 'date' ? 'time as ISO 8601' : 'whole number'} in a string, got ${shown(text)}`,
  )
}
