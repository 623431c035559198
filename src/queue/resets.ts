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
  const names = tableNames('reset()', tables, ", { reason: 'bulk load' }")
  if (!isPlainObject(options))
    throw new TidingsError(
      'USAGE',
      `reset() takes an object with reason and keys, got ${shown(options)}`,
    )
  return names.map((table) => ({ ...options, table, kind: 'reset' }))
}

/** A name or a list of names, each once. Throws USAGE; `more`: what an example of the call has behind them. */
export function tableNames(call: `${string}()`, tables: unknown, more = ''): string[] {
  const list: readonly unknown[] | null =
    typeof tables === 'string' ? [tables] : Array.isArray(tables) ? tables : null
  if (list && list.length > 0 && list.every((table) => typeof table === 'string'))
    return [...new Set(list)]
  throw new TidingsError(
    'USAGE',
    `${call} takes table names, e.g. ${call.slice(0, -1)}'TRADE'${more}), got ${shown(tables)}`,
  )
}
