import type { CostDatabase } from './cost-way.ts'

/** A table that the other process has as a live table. */
interface ListenedTable {
  readonly table: string
  readonly database: CostDatabase
  /** What finds the database. */
  readonly place: string
  /** Whether who publishes counts up a number of its own, which orders the updates. */
  readonly isCounted: boolean
}

/** What the other process is told when it is started. */
export interface ListenerSetup {
  /** Tables whose updates it counts. */
  readonly counted: readonly string[]
  readonly live: readonly ListenedTable[]
}
