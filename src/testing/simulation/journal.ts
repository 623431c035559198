import type { Loss } from '../../model/loss.ts'
import type { Tables } from '../../model/request.ts'

/** An update as the application published it. */
export interface PublishedUpdate {
  readonly table: string
  readonly sequence: number
  readonly commit: number
  readonly place: number
  readonly at: number
  /** As the database numbered the change; left out: the publisher gives none. */
  readonly version?: bigint | undefined
  /** It is a reset: what it says. */
  readonly reset?: ResetSaid | undefined
}

/** What a reset says of its table. */
export interface ResetSaid {
  readonly text: string
  /** The values of the key field; null: any record. */
  readonly keys: readonly number[] | null
}

/** A `flush()` that has ended: who was said to have everything that was published before it. */
interface FlushRecord {
  readonly endedAt: number
  /** Incarnations. */
  readonly confirmed: readonly string[]
  /** By table, the last sequence published before it. */
  readonly target: ReadonlyMap<string, number>
}

/** What the application of one publishing process wrote down. */
export interface PublisherJournal {
  readonly incarnation: string
  readonly node: number
  /** Tables that it named when it opened its queue. */
  readonly declared: readonly string[]
  /** By table, in order. */
  readonly updates: Map<string, PublishedUpdate[]>
  /** By commit, from 1: its updates in the order of the `publish()` call. */
  readonly commits: PublishedUpdate[][]
  readonly flushes: FlushRecord[]
  /** Of each `publish()` that a getter of a record called: the code with which it was refused, or what came instead. */
  readonly callsFromInside: string[]
  /** When it called `close()`. */
  closingAt: number
  endedAt: number
  /** When it had closed in good order; Infinity: it did not. */
  leftAt: number
  /** It died unknown to every roster: the one that knew it was lost together with its file. */
  diedUnknown: boolean
  /** Since when its node's roster does not go back to the beginning; Infinity: it does. */
  forgottenAt: number
  /** Nodes that heard its node for the first time when the roster that knew it was lost with its file. */
  readonly neverToldTo: Set<number>
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

/** The latest update of one key, as it was handed over in a conflated delivery. */
export interface LatestOfKey {
  readonly incarnation: string
  readonly table: string
  readonly sequence: number
  readonly commit: number
  /** The key. */
  readonly place: number
  readonly version: bigint | undefined
}

/** A conflated delivery; all that it stands for is among what was delivered. */
export interface FoldedDelivery {
  /** Its number among the deliveries. */
  readonly delivery: number
  readonly at: number
  readonly latest: readonly LatestOfKey[]
  /** How many updates it says that it left out. */
  readonly folded: number
  /** It says that one of its commits is not whole. */
  readonly isIncomplete: boolean
}

export interface ReportedLoss extends Loss {
  readonly at: number
  /** Deliveries before it. */
  readonly afterDelivery: number
  /** Why it should not have been reported, as far as that could be seen from outside at that moment. */
  readonly falseBecause: string | null
}

/** What the application of one subscription wrote down. */
export interface SubscriberJournal {
  readonly incarnation: string
  readonly node: number
  readonly tables: Tables
  /** Its handler takes its time: what it is told is late by its own doing. */
  readonly isSlow: boolean
  /** Also what a conflated delivery stands for, update by update. */
  readonly delivered: DeliveredUpdate[]
  readonly folded: FoldedDelivery[]
  readonly losses: ReportedLoss[]
  /** At `ready`: publishers that had not answered on a topic. */
  readonly unproven: string[]
  deliveries: number
  subscribedAt: number
  readyAt: number
  endedAt: number
  /** Incarnations of those that have ended in good order, with their last numbers, by the roster of its process. */
  toldLastOf: ReadonlySet<string>
  /** What its process still held when the trial was over, bytes. */
  heldAtEnd: number
}

export const wantsTable = (tables: Tables, table: string): boolean =>
  tables === '*' || tables.includes(table)

/** A reset of this commit was told lost to the subscription: the commit is not whole, though all its updates are here. */
export const lacksReset = (
  commit: readonly PublishedUpdate[],
  incarnation: string,
  { losses }: Pick<SubscriberJournal, 'losses'>,
): boolean =>
  commit.some(
    ({ reset, table, sequence }) =>
      reset !== undefined &&
      losses.some(
        (loss) =>
          loss.reason !== 'reset' &&
          loss.publisher?.incarnation === incarnation &&
          loss.table === table &&
          (loss.from ?? 0) <= sequence &&
          sequence <= (loss.to ?? Infinity),
      ),
  )

export function publisherJournal(
  incarnation: string,
  node: number,
  declared: readonly string[] = [],
): PublisherJournal {
  return {
    incarnation,
    node,
    declared,
    updates: new Map(),
    commits: [],
    flushes: [],
    callsFromInside: [],
    closingAt: Infinity,
    endedAt: Infinity,
    leftAt: Infinity,
    diedUnknown: false,
    forgottenAt: Infinity,
    neverToldTo: new Set(),
  }
}

export function subscriberJournal(
  incarnation: string,
  node: number,
  tables: Tables,
  isSlow = false,
): SubscriberJournal {
  return {
    incarnation,
    node,
    tables,
    isSlow,
    delivered: [],
    folded: [],
    losses: [],
    unproven: [],
    deliveries: 0,
    subscribedAt: Infinity,
    readyAt: Infinity,
    endedAt: Infinity,
    toldLastOf: new Set(),
    heldAtEnd: 0,
  }
}
