import { AsyncLocalStorage } from 'node:async_hooks'
import { inBackground } from '../../base/background.ts'
import { pause } from '../../base/clock.ts'
import type { Published } from '../../model/published.ts'
import type { NewChange } from '../../model/reset.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import type { PublishCommitsOptions, PublishEvent } from '../publish-event.ts'
import { tellCommit, tellResets } from '../told-commit.ts'
import { BypassListener } from './bypass-listener.ts'
import { CommitSession } from './commit-session.ts'
import type { PgClient, PgNewClient } from './pg-parts.ts'

type AnyQueue = Pick<UpdateQueue<never>, 'identity' | 'closed'>

export interface FeedOptions extends PublishCommitsOptions {
  /** Of the processes with one name here and one database, one tells changes of other programs. */
  readonly listenerOf: string
}

/** How long a connection waits until the queue knows the tables, milliseconds: it must not wait for GENESIS_CLUSTER. */
const readyWithinMs = 1_000

/** Publishes what the connections of one database commit. */
export class CommitFeed {
  readonly #queue: UpdateQueue
  readonly #options: FeedOptions
  readonly #known = new WeakSet<PgClient>()
  readonly #sessions = new Set<CommitSession>()
  readonly #listener: BypassListener
  /** A connection may have been made within a `commit()` of the queue, in which nothing may be published. */
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #ready = Promise.withResolvers<'ready'>()
  #tables: readonly string[] = []
  #declared = ''
  #isClosed = false

  /** Of a queue of any tables. One process of its node tells of changes by other programs. */
  static of(queue: AnyQueue, connect: () => PgNewClient, options: PublishCommitsOptions) {
    const listenerOf = queue.identity.node
    return new CommitFeed(queue as unknown as UpdateQueue, connect, { ...options, listenerOf })
  }

  /** `connect`: makes a client of the same database that is not connected yet. */
  constructor(queue: UpdateQueue, connect: () => PgNewClient, options: FeedOptions) {
    this.#queue = queue
    this.#options = options
    this.#listener = new BypassListener(connect, options.listenerOf, {
      installed: (tables) => this.#onInstalled(tables),
      changed: (tables, why) => this.#reset(tables, why),
      failed: (error) => this.#tell({ type: 'failed', error }),
    })
    inBackground(
      queue.closed.then(() => this.#close()),
      (error) => this.#tell({ type: 'failed', error }),
    )
  }

  /**
   * Publishes what this client commits. Until the queue knows which tables that may be, its changes are those of a
   * session without the adapter.
   */
  async attach(client: PgClient): Promise<void> {
    if (this.#isClosed || this.#known.has(client)) return
    this.#known.add(client)
    const session = new CommitSession(client, {
      commit: (changes, of) => this.#commit(changes, of),
      unknown: (why) => this.#reset(this.#tables, why),
      ended: (of) => this.#sessions.delete(of),
      failed: (error) => this.#tell({ type: 'failed', error }),
    })
    this.#sessions.add(session)
    const marked = this.#ready.promise.then(() => session.mark())
    inBackground(marked, (error) => this.#tell({ type: 'failed', error }))
    await Promise.race([marked.catch(() => undefined), pause(readyWithinMs)])
  }

  #commit(changes: readonly NewChange[], session: CommitSession): void {
    const isPublished = this.#publish(() => tellCommit(this.#queue, changes))
    // It has committed all the same: another process is to tell that.
    if (!isPublished) session.notify([...new Set(changes.map(({ table }) => table))])
  }

  /** False: it was not published. */
  #reset(tables: readonly string[], reason: string): boolean {
    if (tables.length === 0) return true
    this.#tell({ type: 'reset', tables, reason })
    return this.#publish(() => tellResets(this.#queue, tables, reason))
  }

  /** False: it was not published, as where the queue is closed. Nothing may be thrown into pg, which called. */
  #publish(publish: () => Published | null): boolean {
    try {
      const published = this.#outside(publish)
      if (published) this.#tellPublished(published)
      return true
    } catch (error) {
      this.#tell({ type: 'failed', error })
      return false
    }
  }

  #tellPublished(published: Published): void {
    try {
      this.#options.onPublished?.(published)
    } catch (error) {
      this.#tell({ type: 'failed', error })
    }
  }

  async #onInstalled(tables: readonly string[]): Promise<void> {
    const names = JSON.stringify(tables)
    if (names === this.#declared) return
    await this.#queue.declare(tables)
    this.#declared = names
    this.#tables = tables
    this.#ready.resolve('ready')
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    for (const session of this.#sessions) session.unmark()
    await this.#listener.close()
  }

  #tell(event: PublishEvent): void {
    try {
      this.#options.onEvent?.(event)
    } catch {
      // It is for logs: what it throws is let go.
    }
  }
}
