import type { DatabaseSync } from 'node:sqlite'
import { inBackground } from '../../base/background.ts'
import { every, type Timer } from '../../base/clock.ts'
import { asTidingsError, TidingsError } from '../../base/tidings-error.ts'
import type { Published } from '../../model/published.ts'
import type { NewChange } from '../../model/reset.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import type { PublishCommitsOptions, PublishEvent } from '../publish-event.ts'
import { tellCommit, tellResets } from '../told-commit.ts'
import { PlainCalls } from './plain-calls.ts'
import { tableNamesOf } from './table-shape.ts'
import { watchCalls } from './watched-calls.ts'
import { WatchedDatabase } from './watched-database.ts'

/** How often it is looked whether another program has changed something, milliseconds. */
const lookMs = 100

/** Publishes what one connection commits, and tells of what other programs commit to the file. */
export class DatabaseFeed {
  readonly #calls: PlainCalls
  readonly #queue: UpdateQueue
  readonly #options: PublishCommitsOptions
  readonly #watched: WatchedDatabase
  readonly #chosen: readonly string[] | null
  readonly #declared = new Set<string>()
  #timer: Timer | null = null
  /** What SQLite counts of commits by other connections, when it was looked last. */
  #dataVersion: bigint | null = null
  #takesCommits = true

  constructor(
    database: DatabaseSync,
    queue: UpdateQueue,
    {
      tables,
      ...options
    }: PublishCommitsOptions & { readonly tables?: readonly string[] | undefined },
  ) {
    this.#calls = new PlainCalls(database)
    this.#chosen = tables ? [...new Set(tables)] : null
    this.#queue = queue
    this.#options = options
    const takesCommits = (): boolean => this.#takesCommits
    this.#watched = new WatchedDatabase(
      this.#calls,
      {
        get takesCommits() {
          return takesCommits()
        },
        committed: (changes) => this.#publish(() => tellCommit(queue, changes), tablesOf(changes)),
        published: (names) => this.#declare(names),
      },
      this.#chosen,
    )
  }

  /** Throws USAGE where a table is not there, and what SQLite throws. */
  open(): void {
    const there = new Set(tableNamesOf(this.#calls))
    const missing = this.#chosen?.find((table) => !there.has(table))
    if (missing !== undefined) throw noTable(missing)
    this.#watched.begin()
    watchCalls(this.#calls, this.#watched)
    this.#declare([...this.#watched.tables.keys()])
    this.#timer = every(lookMs, () => this.#look())
  }

  /** The queue is closed: what is committed from now on is told by others, as that of any program. */
  close(): void {
    this.#takesCommits = false
    this.#timer?.cancel()
  }

  failed(error: unknown): void {
    this.#tell({ type: 'failed', error })
  }

  /** Of all processes that look one finds it, tells it, and counts it as told. */
  #look(): void {
    const { database } = this.#calls
    if (!this.#takesCommits || !database.isOpen || database.isTransaction) return
    try {
      if (!this.#mayHaveChanged()) return
      const untold = this.#watched.takeUntold()
      if (untold.length > 0) this.#reset(untold, 'changed by a program that does not publish')
      this.#declare([...this.#watched.tables.keys()])
    } catch (error) {
      // Another process is writing for long, or a read of this one has not ended: it is looked again.
      this.#dataVersion = null
      this.failed(error)
    }
  }

  #mayHaveChanged(): boolean {
    const row = this.#calls.statement('PRAGMA main.data_version').get()
    const version = row?.['data_version'] as bigint
    const isSame = version === this.#dataVersion && !this.#watched.isDoubtful
    this.#dataVersion = version
    return !isSame
  }

  #reset(tables: readonly string[], reason: string): void {
    this.#tell({ type: 'reset', tables, reason })
    this.#publish(() => tellResets(this.#queue, tables, reason), tables)
  }

  #publish(publish: () => Published | null, tables: Iterable<string>): void {
    try {
      const published = publish()
      if (published) this.#options.onPublished?.(published)
    } catch (error) {
      if (asTidingsError(error)?.code !== 'CLOSED') throw error
      this.#takesCommits = false
      // It has committed: another process tells of it.
      this.#calls.transaction(() => this.#watched.counts.doubt(tables))
    }
  }

  #declare(tables: readonly string[]): void {
    const fresh = tables.filter((table) => !this.#declared.has(table))
    if (fresh.length === 0 || !this.#takesCommits) return
    for (const table of fresh) this.#declared.add(table)
    inBackground(this.#queue.declare(fresh), (error) => {
      if (error.code !== 'CLOSED') this.failed(error)
    })
  }

  #tell(event: PublishEvent): void {
    try {
      this.#options.onEvent?.(event)
    } catch {
      // It is for logs: what it throws is let go.
    }
  }
}

const tablesOf = (changes: readonly NewChange[]): Set<string> =>
  new Set(changes.map(({ table }) => table))

const noTable = (table: string): TidingsError =>
  new TidingsError('USAGE', `publishCommits() found no table ${table} in the database`)
