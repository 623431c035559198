import type { Loss } from '../../model/loss.ts'
import type { Tables } from '../../model/request.ts'

/** An update as the application published it. */
export interface PublishedUpdate {
  readonly table: string
  readonly sequence: number
  readonly commit: number
  readonly place: number
  readonly at: number
}

/** What the application of one publishing process wrote down. */
export interface PublisherJournal {
  readonly incarnation: string
  readonly node: number
  /** By table, in order. */
  readonly updates: Map<string, PublishedUpdate[]>
  /** By commit, from 1: its updates in the order of the `publish()` call. */
  readonly commits: PublishedUpdate[][]
  endedAt: number
  /** It closed in good order. */
  hasLeft: boolean
}

/** An update as an application got it. */
export interface DeliveredUpdate {
  readonly incarnation: string
  readonly table: string
  readonly sequence: number
  readonly commit: number
  readonly place: number
  /** The delivery it came in, counted from 1. */
  readonly delivery: number
  readonly isIncomplete: boolean
  readonly at: number
}

export interface ReportedLoss extends Loss {
  readonly at: number
  /** Deliveries before it. */
  readonly afterDelivery: number
}

/** What the application of one subscribing process wrote down. */
export interface SubscriberJournal {
  readonly incarnation: string
  readonly node: number
  readonly tables: Tables
  readonly delivered: DeliveredUpdate[]
  readonly losses: ReportedLoss[]
  deliveries: number
  readyAt: number
  endedAt: number
}

export function publisherJournal(incarnation: string, node: number): PublisherJournal {
  return {
    incarnation,
    node,
    updates: new Map(),
    commits: [],
    endedAt: Infinity,
    hasLeft: false,
  }
}

export function subscriberJournal(
  incarnation: string,
  node: number,
  tables: Tables,
): SubscriberJournal {
  return {
    incarnation,
    node,
    tables,
    delivered: [],
    losses: [],
    deliveries: 0,
    readyAt: Infinity,
    endedAt: Infinity,
  }
}
