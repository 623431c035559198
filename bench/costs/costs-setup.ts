import { boolean, type JsonShape, list, oneOf, record, text } from '../../src/base/json-shape.ts'
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

const word = text(4_096)

/** As it is written on the command line of that process; undefined: it is none. */
export const listenerSetup: JsonShape<ListenerSetup> = record<ListenerSetup>({
  counted: list(word),
  live: list(
    record<ListenedTable>({
      table: word,
      database: oneOf(['PostgreSQL', 'SQLite']),
      place: word,
      isCounted: boolean,
    }),
  ),
})
