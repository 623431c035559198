import type { Delivery, TablesOf } from '../model/update.ts'
import type { Where } from '../model/where.ts'
import type { DefinitionObject } from '../definition/definition-object.ts'
import type { Transport } from '../transport/transport.ts'
import type { ConflationKey } from './conflation-key.ts'
import type { Selected, TableFields } from './table-fields.ts'
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
