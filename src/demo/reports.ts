import type { TableRows } from './tables.ts'

/** What a process of the demonstration is told when it is started. */
export interface ProcessSetup {
  readonly role: 'event-handler' | 'data-server' | 'corrections' | 'database-reader'
  /** The name under which it joins the cluster. */
  readonly name: string
  /** The definition file, and which of its hosts this process lives on. */
  readonly definition: string
  readonly host: string
  readonly database: string
  /** How many rows of the file the event handler writes; null: all. */
  readonly rows: number | null
  /** The data server loses a row of its copy, so that the comparison has something to find. */
  readonly tampers: boolean
}

/** What a data server has taken in so far. */
export interface CopyFigures {
  /** Rows that it read from the tables when it was ready. */
  readonly read: number
  readonly updates: number
  readonly deliveries: number
  readonly losses: number
  /** From leaving the publisher to receipt, milliseconds; null before the first one. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** What a process tells its parent. */
export type Report =
  | { readonly type: 'state'; readonly state: string }
  /** So many of its changes are committed and published; the tables are there to be read. */
  | { readonly type: 'written'; readonly changes: number; readonly of: number }
  /** It is ready, has read the tables and keeps up by the queue from now on. */
  | { readonly type: 'caught-up' }
  | { readonly type: 'figures'; readonly figures: CopyFigures }
  /** All is published; who has not confirmed all of it, by name. */
  | { readonly type: 'published'; readonly unconfirmed: readonly string[] }
  /** What the database holds. */
  | { readonly type: 'tables'; readonly tables: TableRows }
  /** A data server's copy in the end. */
  | { readonly type: 'copy'; readonly tables: TableRows; readonly figures: CopyFigures }

export type ReportOf<Type extends Report['type']> = Extract<Report, { readonly type: Type }>

export type Tell = (report: Report) => void
