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
}

/** A database that `npm run live` is run with. `place` finds it, such as the path of a file. */
export interface LiveDatabase {
  create(place: string): Promise<void>
  /** Whose commits are published in the name of the queue. */
  publishing(place: string, queue: UpdateQueue<LiveSchema>): Promise<LiveWriter>
  /** Whose commits nobody publishes. */
  bypassing(place: string): Promise<LiveWriter>
  reading(place: string): Promise<LiveReader>
}
