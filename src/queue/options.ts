import { TidingsError } from '../base/tidings-error.ts'
import type { Delivery, TablesOf } from '../model/update.ts'
import type { Where } from '../model/where.ts'
import type { DefinitionObject } from '../definition/definition-object.ts'
import type { Transport } from '../transport/transport.ts'
import type { ConflationKey } from './conflation-key.ts'
import { checkKeySelected, checkWhere } from './selection-options.ts'
import { checkTableFields, type Selected, type TableFields } from './table-fields.ts'
import type { DeliveryLimit } from './waiting-deliveries.ts'

/** What `openUpdateQueue()` takes. Exactly one of `process` and `script` is given. */
export interface OpenOptions {
  /** Name of a process, unique on its node (together with `instance`). */
  readonly process?: string
  /** Name of a script: short-lived, without a port; it publishes through GENESIS_CLUSTER. */
  readonly script?: string
  /** Tells replicas of one process on one node apart. */
  readonly instance?: string
  /** The process port, 1 to 55535: the ZeroMQ port is this + 10000. */
  readonly port?: number
  /** A system definition file, several (the later wins), or the same settings as an object. */
  readonly definition?: string | readonly string[] | DefinitionObject
  /** Service definition files (XML). */
  readonly services?: string | readonly string[]
  /** Which system of the definition; needed when several list this host. */
  readonly system?: string
  /** Which host of the definition this is; by default the one that is this machine. */
  readonly host?: string
  /** Tables that this process is going to publish. */
  readonly publishes?: readonly string[]
  /** What is kept to repair gaps: bytes (64 MiB) and age in milliseconds (5 minutes). */
  readonly retention?: { readonly bytes?: number; readonly ageMs?: number }
  /** How long to look for GENESIS_CLUSTER, milliseconds. Default 10,000. */
  readonly clusterTimeoutMs?: number
  /** How long `close()` and `flush()` wait for confirmations, milliseconds. Default 2,000. */
  readonly drainMs?: number
  /** For tests: the memory transport of `tidings/testing`, without ports or processes. */
  readonly transport?: Transport & { readonly node: string }
  readonly signal?: AbortSignal
}

/** What is done when more waits for the application than `limit` allows. */
export const slowChoices = ['repair', 'conflate', 'fail'] as const

export type WhenSlow = (typeof slowChoices)[number]

export interface SubscribeOptions<
  Tables extends TablesOf = Record<string, object>,
  Select extends TableFields<Tables> | undefined = undefined,
> {
  /** Called with each delivery instead of iterating; a returned promise is back-pressure. */
  readonly onDelivery?: (delivery: Delivery<Selected<Tables, Select>>) => unknown
  /**
   * The fields that `record` and `before` are to have, of all tables or for each of them: no others
   * are decoded. Default: all. A table that is left out keeps all of its fields.
   */
  readonly select?: Select
  /**
   * For each table that is filtered, fields and what must hold for them: a value that they equal, or
   * conditions (`eq`, `not`, `in`, `gt`, `gte`, `lt`, `lte`). An update is delivered when its record
   * passes or the record before it; of others no object is made. Default: all updates.
   */
  readonly where?: Where<Tables>
  /** How much may wait for the application: updates (262,144) and encoded bytes (16 MiB). */
  readonly limit?: Partial<DeliveryLimit>
  /**
   * Beyond `limit`: `repair` (default) lets go and catches up from the publisher's retention;
   * `conflate` folds what waits to the latest update of each `key`; `fail` ends with
   * SUBSCRIBER_TOO_SLOW.
   */
  readonly whenSlow?: WhenSlow
  /** For `conflate`: the field or fields that tell records apart, of all tables or for each of them. */
  readonly key?: ConflationKey<Tables>
  /** False: this process's own updates are not delivered. Default true. */
  readonly own?: boolean
  readonly signal?: AbortSignal
}

export const defaultClusterTimeoutMs = 10_000
export const defaultDrainMs = 2_000

/** Throws USAGE where the options contradict each other or a number is out of range. */
export function checkOpenOptions(options: OpenOptions): void {
  const { process, script } = options
  if ((process === undefined) === (script === undefined))
    throw new TidingsError(
      'USAGE',
      "openUpdateQueue() takes exactly one of process and script, e.g. { process: 'TRADE_EVENT_HANDLER' }",
    )
  const name = process ?? script
  if (typeof name !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(name))
    throw new TidingsError(
      'USAGE',
      `the name of a process is 1 to 200 printable ASCII characters without spaces, got ${JSON.stringify(name)}`,
    )
  if (options.instance !== undefined && !/^[\x21-\x7e]{0,100}$/.test(options.instance))
    throw new TidingsError('USAGE', 'instance is at most 100 printable characters without spaces')
  if (script !== undefined && options.port !== undefined)
    throw new TidingsError('USAGE', 'a script has no port: leave out port, or open a process')
  checkNumber('port', options.port, 1, 55_535)
  checkNumber('clusterTimeoutMs', options.clusterTimeoutMs, 1, 3_600_000)
  checkNumber('drainMs', options.drainMs, 0, 3_600_000)
  checkNumber('retention.bytes', options.retention?.bytes, 0, 2 ** 40)
  checkNumber('retention.ageMs', options.retention?.ageMs, 0, 2 ** 40)
}

/** Throws USAGE where an option of a subscription to these tables is not what it has to be. */
export function checkSubscribeOptions<
  Tables extends TablesOf,
  Select extends TableFields<Tables> | undefined,
>(
  options: Pick<
    SubscribeOptions<Tables, Select>,
    'limit' | 'whenSlow' | 'key' | 'select' | 'where'
  >,
  tables: readonly string[] | '*',
): void {
  checkNumber('limit.updates', options.limit?.updates, 1, 2 ** 40)
  checkNumber('limit.bytes', options.limit?.bytes, 1, 2 ** 40)
  const { whenSlow, key, select } = options
  if (whenSlow !== undefined && !slowChoices.includes(whenSlow))
    throw new TidingsError(
      'USAGE',
      `whenSlow is 'repair', 'conflate' or 'fail', got ${JSON.stringify(whenSlow)}`,
    )
  if (select !== undefined) checkTableFields('select', select, tables)
  if (key !== undefined) checkTableFields('key', key, tables)
  else if (whenSlow === 'conflate')
    throw new TidingsError(
      'USAGE',
      "whenSlow 'conflate' needs key, the fields that tell records apart, e.g. key: 'TRADE_ID'",
    )
  if (options.where !== undefined) checkWhere(options.where, tables)
  if (key !== undefined && select !== undefined) checkKeySelected(key, select, tables)
}

/** The tables of a subscription, each once. Throws USAGE. */
export function checkTables<Table extends string>(
  tables: Table | readonly Table[] | '*',
): readonly Table[] | '*' {
  if (tables === '*') return '*'
  const list = typeof tables === 'string' ? [tables] : [...new Set(tables)]
  if (list.length === 0 || list.some((table) => typeof table !== 'string' || table === ''))
    throw new TidingsError(
      'USAGE',
      "subscribe() takes table names, e.g. subscribe(['TRADE']), or '*' for all",
    )
  return list.includes('*' as Table) ? '*' : list
}

function checkNumber(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !(value >= least && value <= most))
    throw new TidingsError('USAGE', `${name} is a number from ${least} to ${most}, got ${value}`)
}
