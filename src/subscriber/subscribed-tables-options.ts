import type { Tables } from '../model/request.ts'
import type { RoundTrips } from './round-trips.ts'

export interface SubscribedTablesOptions {
  /** The process: its incarnation. */
  readonly subscriber: string
  readonly tables: Tables
  /** False: this process's own updates are not delivered. */
  readonly own: boolean
  /** Those of all subscriptions of the process. */
  readonly roundTrips: RoundTrips
}
