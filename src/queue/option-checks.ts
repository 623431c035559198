import { checkNames } from '../base/option-names.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { checkTableName } from '../model/topic.ts'
import type { TablesOf } from '../model/update.ts'
import { TableNames } from '../publisher/table-names.ts'
import { wireLimits } from '../wire/limits.ts'
import {
  type FlushOptions,
  type OpenOptions,
  slowChoices,
  type SubscribeOptions,
} from './options.ts'
import { checkKeySelected, checkWhere } from './selection-options.ts'
import { checkTableFields, type TableFields } from './table-fields.ts'

/** The most bytes and milliseconds that a limit may be: far beyond any machine, and exact as a number. */
const most = 2 ** 40

/** An hour, milliseconds. */
const longestWaitMs = 3_600_000

const openNames: Record<keyof OpenOptions, true> = {
  process: true,
  script: true,
  instance: true,
  port: true,
  definition: true,
  services: true,
  system: true,
  host: true,
  publishes: true,
  retention: true,
  clusterTimeoutMs: true,
  drainMs: true,
  transport: true,
  signal: true,
}

const subscribeNames: Record<keyof SubscribeOptions, true> = {
  onDelivery: true,
  select: true,
  where: true,
  limit: true,
  whenSlow: true,
  key: true,
  own: true,
  signal: true,
}

/** Throws USAGE where an option of `openUpdateQueue()` is unknown, of the wrong type or out of range. */
export function checkOpenOptions(options: OpenOptions): void {
  checkNames('openUpdateQueue()', options, openNames)
  const { process, script, retention, transport } = options
  if ((process === undefined) === (script === undefined))
    throw usage(
      "openUpdateQueue() takes exactly one of process and script, e.g. { process: 'TRADE_EVENT_HANDLER' }",
    )
  const name = process ?? script
  if (typeof name !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(name))
    throw usage(
      `the name of a process must be 1 to 200 printable ASCII characters without spaces, got ${shown(name)}`,
    )
  const { instance } = options
  if (
    instance !== undefined &&
    (typeof instance !== 'string' || !/^[\x21-\x7e]{0,100}$/.test(instance))
  )
    throw usage(
      `instance must be at most 100 printable ASCII characters without spaces, got ${shown(instance)}`,
    )
  if (script !== undefined && options.port !== undefined)
    throw usage('a script has no port: leave out port, or open a process')
  checkWhole('port', options.port, 1, 55_535)
  checkNumber('clusterTimeoutMs', options.clusterTimeoutMs, 1, longestWaitMs)
  checkNumber('drainMs', options.drainMs, 0, longestWaitMs)
  if (retention !== undefined) {
    checkNames('retention', retention, { bytes: true, ageMs: true })
    checkWhole('retention.bytes', retention.bytes, 0, most)
    checkNumber('retention.ageMs', retention.ageMs, 0, most)
  }
  if (!isFiles(options.definition) && !isPlainObject(options.definition))
    throw usage(
      `definition must be a file, a list of files, or a definition as an object, got ${shown(options.definition)}`,
    )
  if (!isFiles(options.services))
    throw usage(`services must be a file or a list of files, got ${shown(options.services)}`)
  checkText('system', options.system)
  checkText('host', options.host)
  if (options.publishes !== undefined && !isTexts(options.publishes))
    throw usage(
      `publishes must be a list of tables, e.g. ['TRADE'], got ${shown(options.publishes)}`,
    )
  const published = new TableNames()
  for (const table of options.publishes ?? []) published.add(table)
  if (
    transport !== undefined &&
    typeof (transport as Partial<typeof transport>)?.open !== 'function'
  )
    throw usage(
      'transport must be one of MemoryCluster of tidings/testing, or another with its methods',
    )
  checkSignal(options.signal)
}

/** Throws USAGE where an option of a subscription to these tables is not what it has to be. */
export function checkSubscribeOptions<
  Tables extends TablesOf,
  Select extends TableFields<Tables> | undefined,
>(options: SubscribeOptions<Tables, Select>, tables: readonly string[] | '*'): void {
  checkNames('subscribe()', options, subscribeNames)
  const { key, limit, onDelivery, own, select, whenSlow } = options
  if (onDelivery !== undefined && typeof onDelivery !== 'function')
    throw usage(`onDelivery must be a function, got ${shown(onDelivery)}`)
  if (own !== undefined && typeof own !== 'boolean')
    throw usage(`own must be true or false, got ${shown(own)}`)
  if (limit !== undefined) {
    checkNames('limit', limit, { updates: true, bytes: true })
    checkWhole('limit.updates', limit.updates, 1, most)
    checkWhole('limit.bytes', limit.bytes, 1, most)
  }
  if (whenSlow !== undefined && !slowChoices.includes(whenSlow))
    throw usage(`whenSlow must be 'repair', 'conflate' or 'fail', got ${shown(whenSlow)}`)
  if (select !== undefined) checkTableFields('select', select, tables)
  if (key !== undefined) checkTableFields('key', key, tables)
  if (whenSlow === 'conflate' && key === undefined)
    throw usage(
      "whenSlow 'conflate' needs key, the fields that tell records apart, e.g. key: 'TRADE_ID'",
    )
  if (key !== undefined && whenSlow === undefined)
    throw usage("key is for whenSlow: 'conflate', and whenSlow is not given")
  if (options.where !== undefined) checkWhere(options.where, tables)
  if (key !== undefined && select !== undefined) checkKeySelected(key, select, tables)
  checkSignal(options.signal)
}

/** Throws USAGE where `commit()` is given no function, or an option that is none. */
export function checkCommit(work: unknown, options: object): void {
  if (typeof work !== 'function')
    throw usage(`commit() takes a function that runs the transaction, got ${shown(work)}`)
  checkNames('commit()', options, { onPublished: true })
  const { onPublished } = options as { readonly onPublished?: unknown }
  if (onPublished !== undefined && typeof onPublished !== 'function')
    throw usage(`onPublished must be a function, got ${shown(onPublished)}`)
}

/** Throws USAGE where an option of a call that takes only a signal is none. */
export function checkSignalOption(call: string, options: { readonly signal?: AbortSignal }): void {
  checkNames(call, options, { signal: true })
  checkSignal(options.signal)
}

/** Throws USAGE where an option of `flush()` is none. */
export function checkFlushOptions(options: FlushOptions): void {
  checkNames('flush()', options, { signal: true, drainMs: true })
  checkNumber('drainMs', options.drainMs, 0, longestWaitMs)
  checkSignal(options.signal)
}

/**
 * Bytes of the table names of a subscription, UTF-8: a request, which has 1 MiB at most, names them twice
 * and 4,096 publishers beside them.
 */
const maxSubscriptionBytes = 448 * 1024

/** What a name takes beside its bytes: its length. */
const bytesBesideName = 2

/** The tables of a subscription, each once. Throws USAGE, or LIMIT_EXCEEDED where they do not fit a request. */
export function checkTables<Table extends string>(
  tables: Table | readonly Table[] | '*',
): readonly Table[] | '*' {
  if (tables === '*') return '*'
  const list: readonly unknown[] = typeof tables === 'string' ? [tables] : tables
  if (!isTexts(list) || list.length === 0)
    throw usage(
      `subscribe() takes table names, e.g. subscribe(['TRADE']), or '*' for all, got ${shown(tables)}`,
    )
  if (list.includes('*')) return '*'
  const names = [...new Set(list as readonly Table[])]
  for (const name of names) checkTableName(name)
  const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name) + bytesBesideName, 0)
  if (bytes > maxSubscriptionBytes || names.length > wireLimits.maxRequestTables)
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `a subscription of ${names.length} tables whose names have ${bytes} bytes: at most ${wireLimits.maxRequestTables} and ${maxSubscriptionBytes} (maxSubscriptionBytes) fit a request; subscribe to '*', or in several subscriptions`,
    )
  return names
}

function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw usage(`signal must be an AbortSignal, got ${shown(signal)}`)
}

function checkText(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string')
    throw usage(`${name} must be a string, got ${shown(value)}`)
}

function checkWhole(name: string, value: unknown, least: number, greatest: number): void {
  if (value !== undefined && !Number.isInteger(value))
    throw usage(`${name} must be a whole number from ${least} to ${greatest}, got ${shown(value)}`)
  checkNumber(name, value, least, greatest)
}

function checkNumber(name: string, value: unknown, least: number, greatest: number): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !(value >= least && value <= greatest))
    throw usage(`${name} must be a number from ${least} to ${greatest}, got ${shown(value)}`)
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '')

const isFiles = (value: unknown): boolean =>
  value === undefined || typeof value === 'string' || isTexts(value)

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
