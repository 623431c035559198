import { checkNames } from '../base/option-names.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { checkTableFields, type KeyFields } from '../queue/table-fields.ts'
import type { LiveOptions, LiveTableOptions } from './live-options.ts'

const tableNames: Record<keyof LiveTableOptions<object>, true> = {
  key: true,
  read: true,
  readKeys: true,
  version: true,
  where: true,
  select: true,
}

const optionNames: Record<keyof LiveOptions, true> = { within: true, onEvent: true, signal: true }

/** Throws USAGE where a live table of no table is asked for. */
export function checkTable(options: unknown): void {
  const table = isPlainObject(options) ? (options as { table?: unknown }).table : options
  if (typeof table !== 'string')
    throw usage(`liveTable() takes the name of a table, e.g. table: 'TRADE', got ${shown(table)}`)
}

/** Throws USAGE where an option of one table is unknown or not what it has to be. */
export function checkLiveTable(
  call: string,
  options: LiveTableOptions<object, KeyFields, KeyFields | undefined, never>,
): void {
  checkNames(call, options, tableNames)
  const { key, read, readKeys, version, where, select } = options
  checkFields(`key of ${call}`, key)
  checkFunction(`read of ${call}`, read, true)
  checkFunction(`readKeys of ${call}`, readKeys, false)
  if (version !== undefined && (typeof version !== 'string' || version === ''))
    throw usage(`version of ${call} must be the name of a field, got ${shown(version)}`)
  if (select === undefined) return
  checkFields(`select of ${call}`, select)
  const needed = [key, version ?? [], isPlainObject(where) ? Object.keys(where) : []].flat()
  const missing = needed.find((field) => ![select].flat().includes(field))
  if (missing !== undefined)
    throw usage(
      `select of ${call} leaves out ${missing}, which key, version or where needs: select it, too`,
    )
}

/** The same of what several tables have in common. */
export function checkLiveOptions(call: string, options: LiveOptions<never>): void {
  checkNames(call, options, optionNames)
  checkFunction(`within of ${call}`, options.within, false)
  checkFunction(`onEvent of ${call}`, options.onEvent, false)
}

/** Throws USAGE where it is neither a field nor a list of fields. */
export function checkFields(name: string, fields: unknown): void {
  if (typeof fields === 'string' || Array.isArray(fields)) checkTableFields(name, fields, [])
  else throw usage(`${name} must be a field or a list of fields, got ${shown(fields)}`)
}

export function checkFunction(name: string, value: unknown, isNeeded: boolean): void {
  if (typeof value === 'function' || (value === undefined && !isNeeded)) return
  throw usage(`${name} must be a function, got ${shown(value)}`)
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
