import type { DatabaseSync } from 'node:sqlite'
import { inBackground } from '../../base/background.ts'
import { isPlainObject } from '../../base/plain-object.ts'
import { shown } from '../../base/shown.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { TablesOf } from '../../model/update.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import type { PublishCommitsOptions } from '../publish-event.ts'
import { DatabaseFeed } from './database-feed.ts'

/** What `publishCommits()` takes beside database and queue. An option that is undefined is not given. */
export interface PublishDatabaseOptions<
  Table extends string = string,
> extends PublishCommitsOptions {
  /** The tables that are published. Default: all of the main database, those that are made later as well. */
  readonly tables?: readonly Table[] | undefined
}

const published = new WeakSet<object>()

/**
 * Publishes what is committed on this connection, and has other processes read again what is changed by programs that do not
 * publish. Gives the database, which works as it did. It makes a table and triggers in the file. Throws TidingsError
 * USAGE, and what SQLite throws where it cannot be written to.
 */
export function publishCommits<Database extends DatabaseSync, Tables extends TablesOf>(
  database: Database,
  queue: UpdateQueue<Tables>,
  options: PublishDatabaseOptions<keyof Tables & string> = {},
): Database {
  check(database, options)
  published.add(database)
  const feed = new DatabaseFeed(database, queue as unknown as UpdateQueue, options)
  try {
    feed.open()
  } catch (error) {
    published.delete(database)
    throw error
  }
  inBackground(
    queue.closed.then(() => feed.close()),
    (error) => feed.failed(error),
  )
  return database
}

const options = new Set(['tables', 'onPublished', 'onEvent'])

function check(database: DatabaseSync, given: PublishDatabaseOptions): void {
  if (typeof database?.createSession !== 'function' || !database.isOpen)
    throw usage(
      `takes an open database of node:sqlite, as in publishCommits(new DatabaseSync(file), queue), got ${shown(database)}; with another library call queue.commit()`,
    )
  if (published.has(database)) throw usage('was called for this database before')
  if (database.isTransaction) throw usage('was called within a transaction: call it before')
  if (!isPlainObject(given)) throw usage(`takes an object of options, got ${shown(given)}`)
  const unknown = Object.keys(given).find((name) => !options.has(name))
  if (unknown !== undefined)
    throw usage(`has no option "${unknown}": they are ${[...options].join(', ')}`)
  const { tables } = given
  if (tables !== undefined && !isNames(tables))
    throw usage(`tables must be a list of tables, e.g. ['TRADE'], got ${shown(tables)}`)
}

const isNames = (tables: unknown): boolean =>
  Array.isArray(tables) && tables.length > 0 && tables.every((name) => typeof name === 'string')

const usage = (message: string): TidingsError =>
  new TidingsError('USAGE', `publishCommits() ${message}`)
