import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { KeyOf, NewChange } from '../model/reset.ts'

/** What `reset()` says of its tables. */
export interface ResetOptions<Row = object> {
  /** Why, for people: the `text` of the losses. */
  readonly reason: string
  /** What changed are records that have all the fields of one of these. Default: any record. */
  readonly keys?: readonly KeyOf<Row>[] | undefined
}

/** The commit that `reset()` publishes: a reset of each table, once. Throws USAGE. */
export function resetsOf(tables: unknown, options: ResetOptions): NewChange[] {
  const list: readonly unknown[] | null =
    typeof tables === 'string' ? [tables] : Array.isArray(tables) ? tables : null
  if (list === null || list.length === 0 || list.some((table) => typeof table !== 'string'))
    throw new TidingsError(
      'USAGE',
      `reset() takes table names, e.g. reset('TRADE', { reason: 'bulk load' }), got ${shown(tables)}`,
    )
  if (!isPlainObject(options))
    throw new TidingsError(
      'USAGE',
      `reset() takes an object with reason and keys, got ${shown(options)}`,
    )
  return [...new Set(list as readonly string[])].map((table) => ({
    ...options,
    table,
    kind: 'reset',
  }))
}
