import type { Delivery, TablesOf } from '../model/update.ts'
import type { Where } from '../model/where.ts'
import type { DefinitionObject } from '../definition/json/definition-object.ts'
import type { Transport } from '../transport/transport.ts'
import type { ConflationKey } from './conflation-key.ts'
import type { Selected, TableFields } from './table-fields.ts'
import type { DeliveryLimit } from './waiting-deliveries.ts'

/** A process: what lives on, and has a port. */
interface ProcessName {
  /** Name of a process, unique on its node (together with `instance`). */
  readonly process: string
  readonly script?: undefined
  /** The process port, 1 to 55535: the ZeroMQ port is this + 10000. */
  readonly port?: number | undefined
}

/** A script: short-lived, without a port; it publishes through GENESIS_CLUSTER. */
interface ScriptName {
  /** Name of a script. */
  readonly script: string
  readonly process?: undefined
  readonly port?: undefined
}

/** What `openUpdateQueue()` takes. Exactly one of `process` and `script` is given. */
export type OpenOptions = (ProcessName | ScriptName) & QueueOptions

/** What processes and scripts have in common. An option that is undefined is not given. */
export interface QueueOptions {
  /** Tells replicas of one process on one node apart. */
  readonly instance?: string | undefined
  /** A system definition file, several (the later wins), or the same settings as an object. */
  readonly definition?: string | readonly string[] | DefinitionObject | undefined
  /** Service definition files (XML). */
  readonly services?: string | readonly string[] | undefined
  /** Which system of the definition; needed when several list this host. */
  readonly system?: string | undefined
  /** Which host of the definition this is; by default the one that is this machine. */
  readonly host?: string | undefined
  /** Tables that this process is going to publish. */
  readonly publishes?: readonly string[] | undefined
  /** What is kept to repair gaps: bytes (64 MiB) and age in milliseconds (5 minutes). */
  readonly retention?:
    { readonly bytes?: number | undefined; readonly ageMs?: number | undefined } | undefined
  /** How long to look for GENESIS_CLUSTER, milliseconds. Default 10,000. */
  readonly clusterTimeoutMs?: number | undefined
  /** How long `close()` and `flush()` wait for confirmations, milliseconds. Default 2,000. */
  readonly drainMs?: number | undefined
  /** For tests: the memory transport of `tidings/testing`, without ports or processes. */
  readonly transport?: (Transport & { readonly node: string }) | undefined
  readonly signal?: AbortSignal | undefined
}

/** What is done when more waits for the application than `limit` allows. */
export const slowChoices = ['repair', 'conflate', 'fail'] as const

export type WhenSlow = (typeof slowChoices)[number]

/** What `subscribe()` takes. `whenSlow: 'conflate'` needs `key`. */
export type SubscribeOptions<
  Tables extends TablesOf = Record<string, object>,
  Select extends TableFields<Tables> | undefined = undefined,
> = SubscriptionOptions<Tables, Select> & WhenSlowOptions<Tables>

/** What is done when more waits for the application than `limit` allows. */
type WhenSlowOptions<Tables extends TablesOf = Record<string, object>> =
  | {
      /**
       * Beyond `limit`: `repair` (default) lets go and catches up from the publisher's retention;
       * `conflate` folds what waits to the latest update of each `key`; `fail` ends with
       * SUBSCRIBER_TOO_SLOW.
       */
      readonly whenSlow?: Exclude<WhenSlow, 'conflate'> | undefined
      readonly key?: undefined
    }
  | {
      readonly whenSlow: WhenSlow
      /** For `conflate`: the field or fields that tell records apart, of all tables or for each of them. */
      readonly key: ConflationKey<Tables>
    }

/** What all subscriptions have in common. An option that is undefined is not given. */
export interface SubscriptionOptions<
  Tables extends TablesOf = Record<string, object>,
  Select extends TableFields<Tables> | undefined = undefined,
> {
  /** Called with each delivery instead of iterating; a returned promise is back-pressure. */
  readonly onDelivery?: ((delivery: Delivery<Selected<Tables, Select>>) => unknown) | undefined
  /**
   * The fields that `record` and `before` are to have, of all tables or for each of them: no others
   * are decoded. Default: all. A table that is left out keeps all of its fields.
   */
  readonly select?: Select | undefined
  /**
   * For each table that is filtered, fields and what must hold for them: a value that they equal, or
   * conditions (`eq`, `not`, `in`, `gt`, `gte`, `lt`, `lte`). An update is delivered when its record
   * passes or the record before it; of others no object is made. Default: all updates.
   */
  readonly where?: Where<Tables> | undefined
  /** How much may wait for the application: updates (262,144) and encoded bytes (16 MiB). */
  readonly limit?: { readonly [Name in keyof DeliveryLimit]?: number | undefined } | undefined
  /** False: this process's own updates are not delivered. Default true. */
  readonly own?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export const defaultClusterTimeoutMs = 10_000
export const defaultDrainMs = 2_000

export interface FlushOptions {
  readonly signal?: AbortSignal | undefined
  /** How long this flush waits, 0 to 3,600,000 milliseconds. Default: `drainMs` of the queue. */
  readonly drainMs?: number | undefined
}
