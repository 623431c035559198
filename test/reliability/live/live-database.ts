import type { Random } from '../../../src/base/random.ts'
import type { UpdateQueue } from '../../../src/queue/update-queue.ts'

/** The rows that `npm run live` writes. */
export interface LiveSchema {
  ACCOUNT: { ID: string; OWNER: string; AMOUNT: number }
  ENTRY: { ACCOUNT: string; NUMBER: number; AMOUNT: number }
}

export type LiveName = keyof LiveSchema

export const liveNames: readonly LiveName[] = ['ACCOUNT', 'ENTRY']

/** A connection that makes transactions, some of which are rolled back; resolves when one has ended. */
export interface LiveWriter {
  transaction(random: Random): Promise<void>
}

/** What a process has of the tables. */
export interface KeptTables {
  rows(table: LiveName): Iterable<object>
  /** Nothing is left to be read. */
  settled(): Promise<void>
}

/** A connection that reads. */
export interface LiveReader {
  rows(table: LiveName): Promise<readonly object[]>
  /** Live tables of it. */
  keep(queue: UpdateQueue<LiveSchema>): Promise<KeptTables>
  /** Ends its connections. */
  close(): Promise<void>
}

/** Where a database is, as long as the processes of a test run. */
export interface LiveServer {
  /** What finds it, such as the path of a file. */
  readonly place: string
  /** Kills the server of the database, and starts it again on what it had written; null: it has none. */
  readonly kill: (() => Promise<void>) | null
}

/** What writes beside those that read, and how. */
export interface CreateOptions {
  /** Whether the tables get what an adapter needs; default: true. */
  readonly hasTriggers?: boolean
}

/** A database that `npm run live` is run with. */
export interface LiveDatabase {
  /** Transactions that a process has open at a time. */
  readonly lanes: number
  start(): Promise<LiveServer>
  create(place: string, options?: CreateOptions): Promise<void>
  /** Whose commits are published in the name of the queue. */
  publishing(place: string, queue: UpdateQueue<LiveSchema>): Promise<LiveWriter>
  /** Whose commits nobody publishes. */
  bypassing(place: string): Promise<LiveWriter>
  reading(place: string): Promise<LiveReader>
}
