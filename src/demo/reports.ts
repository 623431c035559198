import type { TableRows } from './tables.ts'

/** What a process of the demonstration is told when it is started. */
export interface ProcessSetup {
  readonly role:
    'event-handler' | 'corrections' | 'bypass' | 'price-view' | 'summary-view' | 'database-reader'
  /** The name under which it joins the cluster. */
  readonly name: string
  /** The definition file, and which of its hosts this process lives on. */
  readonly definition: string
  readonly host: string
  readonly database: string
  /** How many rows of the file the event handler writes; null: all. */
  readonly rows: number | null
}

/** What a process with live tables has taken in so far. */
export interface ViewFigures {
  readonly updates: number
  /** Losses that were told: what a process that was killed may have committed and not published. */
  readonly losses: number
  /** Tables that somebody has changed who does not publish, as it was told of them. */
  readonly resets: number
  /** Reads of the database, of all rows or of some. */
  readonly reads: number
  /** From leaving the publisher until the live tables had it, milliseconds; null before the first one. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** What a process tells its parent. */
export type Report =
  | { readonly type: 'state'; readonly state: string }
  /** So many changes are committed. `of`: how many there will be; null: nobody knows. */
  | { readonly type: 'written'; readonly changes: number; readonly of: number | null }
  /** A writer has found out that somebody has changed the database who does not publish. */
  | { readonly type: 'found-out' }
  /** All is published; who has not confirmed all of it, by name. */
  | { readonly type: 'published'; readonly unconfirmed: readonly string[] }
  /** From the first on it has read the tables, and keeps up by the queue. */
  | { readonly type: 'figures'; readonly figures: ViewFigures }
  /** The rows of its live tables in the end. */
  | { readonly type: 'kept'; readonly tables: TableRows; readonly figures: ViewFigures }
  /** What the database holds. */
  | { readonly type: 'tables'; readonly tables: Required<TableRows> }

export type ReportOf<Type extends Report['type']> = Extract<Report, { readonly type: Type }>

export type Tell = (report: Report) => void
