import type { LiveDatabase } from './live-database.ts'
import { postgresLive } from './postgres-live.ts'
import { sqliteLive } from './sqlite-live.ts'

/** The databases that `npm run live` can be run with. */
export const liveDatabases = { sqlite: sqliteLive, postgres: postgresLive } satisfies Record<
  string,
  LiveDatabase
>

export type LiveDatabaseName = keyof typeof liveDatabases

/** What a process is told when it is started. */
export interface LiveProcessSetup {
  readonly role: 'writer' | 'bypass' | 'reader'
  readonly name: string
  readonly database: LiveDatabaseName
  readonly place: string
  readonly definition: string
  readonly host: string
  readonly seed: number
  /** A reader applies what comes as it comes. */
  readonly isNaive: boolean
}

/** What a process is to do next: a writer so many transactions; a reader compares, whatever it says. */
export interface LiveTask {
  readonly transactions: number
}
