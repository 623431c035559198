import type { TidingsError } from '../base/tidings-error.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Published } from '../model/published.ts'
import type { NewChange } from '../model/reset.ts'
import type { OfTables, TablesOf } from '../model/update.ts'
import type { CommitOptions, Transaction } from './commits.ts'
import type { FlushResult } from './flush-result.ts'
import type { ResetOptions } from './resets.ts'
import type { FlushOptions, SubscribeOptions } from './options.ts'
import type { Selected, TableFields } from './table-fields.ts'
import type { QueueEvent, QueueHealth, QueueStats } from './queue-event.ts'
import type { Subscription } from './subscription-handle.ts'

/** The update queue of one process. See `openUpdateQueue()`. */
export interface UpdateQueue<Tables extends TablesOf = Record<string, object>>
  extends AsyncDisposable, OfTables<Tables> {
  readonly identity: PublisherIdentity
  /** The process port in use; null for a script. */
  readonly port: number | null
  /**
   * Publishes one commit: an update, or all updates of one database transaction, resets among them. Returns at once;
   * records may be changed or reused afterwards. Throws TidingsError CLOSED, COMMIT_TOO_LARGE,
   * LIMIT_EXCEEDED, USAGE or VALUE_UNSUPPORTED (which field), and then nothing of it is published.
   */
  publish(changes: NewChange<Tables> | readonly NewChange<Tables>[]): Published
  publish<Table extends keyof Tables & string>(change: NewChange<Tables, Table>): Published
  /**
   * Tells subscribers to read these tables again, or the records with these keys, since it cannot be told what
   * changed: a commit of one reset in each table. Throws as `publish()`.
   */
  reset<Table extends keyof Tables & string>(
    tables: Table | readonly Table[],
    options: ResetOptions<Tables[Table]>,
  ): Published
  /**
   * Runs a transaction and publishes its changes as one commit when the promise of `work` fulfils, with whose value it
   * resolves; where that rejects, so does this, and nothing is published. A call within another joins it.
   */
  commit<Value>(work: Transaction<Value, Tables>, options?: CommitOptions): Promise<Value>
  /**
   * Says that this process is going to publish these tables, as the option `publishes` does. Resolves when
   * GENESIS_CLUSTER has it: from then on who subscribes to them is told where this process dies. Throws CLOSED, LIMIT_EXCEEDED and USAGE.
   */
  declare(tables: (keyof Tables & string) | readonly (keyof Tables & string)[]): Promise<void>
  /** Subscribes to tables, or to all with '*'. */
  subscribe<
    Table extends keyof Tables & string,
    const Select extends TableFields<Pick<Tables, Table>> | undefined = undefined,
  >(
    tables: Table | readonly Table[] | '*',
    options?: SubscribeOptions<Pick<Tables, Table>, Select>,
  ): Subscription<Selected<Pick<Tables, Table>, Select>>
  /** What happens from now on; ends when the queue is closed. */
  status(): AsyncIterableIterator<QueueEvent>
  stats(): QueueStats
  /** How this queue is now: for the probes of an application, and for people. */
  health(): QueueHealth
  /**
   * Resolves when all subscribers have confirmed what was published so far, or after `drainMs`. Rejects
   * with ABORTED, or CLOSED where the queue fails meanwhile.
   */
  flush(options?: FlushOptions): Promise<FlushResult>
  /**
   * Takes nothing more, waits until open calls of `commit()` have ended and everything is confirmed, or the signal
   * aborts, leaves and closes.
   */
  drain(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** The same, bounded by `drainMs`. Idempotent. */
  close(): Promise<void>
  /** Resolves when the queue is closed: with the error that ended it, or nothing. */
  readonly closed: Promise<TidingsError | undefined>
}
