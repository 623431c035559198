import { checkNames } from '../base/option-names.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { TableWhere } from '../model/where.ts'
import type { ServedTable } from './served-table.ts'

/** What a caller may see of a table: all of it, nothing, or the rows that pass. */
export type Admitted = boolean | { readonly where: TableWhere }

export interface LiveStreamOptions<Caller> {
  /** The live tables that pages may ask for, by the names that they use. */
  readonly tables: Readonly<Record<string, ServedTable>>
  /**
   * Asked for each stream before it begins, and each time that its page comes again. `true`: the page gets all rows; `{ where }`: those
   * that pass; all else: it is answered 403. The argument `table` is one of `tables`.
   */
  readonly authorize: (request: Caller, table: string) => Admitted | PromiseLike<Admitted>
  /** What pages get of a row, the same for all of them. The fields of the key have to stay as they are. */
  readonly map?: ((record: never, table: string) => object) | undefined
  /** What `authorize` or `map` has thrown: for logs. Pages are not told what it was. */
  readonly onError?: ((error: TidingsError) => unknown) | undefined
}

const optionNames: Record<keyof LiveStreamOptions<never>, true> = {
  tables: true,
  authorize: true,
  map: true,
  onError: true,
}

/** @throws TidingsError USAGE with the option that is wrong */
export function checkStreamOptions(call: string, options: LiveStreamOptions<never>): void {
  checkNames(call, options, optionNames)
  const { tables, authorize, map, onError } = options
  if (!isPlainObject(tables) || Object.keys(tables).length === 0)
    throw usage(`tables of ${call} must be live tables by their names, got ${shown(tables)}`)
  for (const [name, table] of Object.entries(tables)) {
    const given = table as Partial<ServedTable> | null | undefined
    if (typeof given?.subscribe !== 'function' || given.key === undefined)
      throw usage(`tables.${name} of ${call} must be a live table, as liveTable() gives it`)
  }
  if (typeof authorize !== 'function')
    throw usage(
      `${call} takes authorize: (request, table) => true, false or { where }, which says who may see what`,
    )
  for (const [name, given] of Object.entries({ map, onError }))
    if (given !== undefined && typeof given !== 'function')
      throw usage(`${name} of ${call} must be a function, got ${shown(given)}`)
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
