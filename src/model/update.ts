import type { Loss } from './loss.ts'
import type { PublisherIdentity } from './publisher-identity.ts'

export type UpdateKind = 'insert' | 'modify' | 'delete'

/**
 * A record as the application sees it: field name to value. A number, bigint, string, boolean, Date, Uint8Array, null
 * or undefined travels as itself; any other value travels as JSON (`toJSON` included).
 */
type RecordOf = object

/** For each table of the application, the type of its records. */
export type TablesOf = object

declare const tables: unique symbol

/**
 * For the compiler only, there is no such member: it has the types that bear tables compared member by
 * member. So who takes an `UpdateQueue` of any tables can be given one whose tables are an interface,
 * which the compiler does not count as a `Record<string, object>`.
 */
export interface OfTables<Tables extends TablesOf> {
  readonly [tables]?: { readonly [Table in keyof Tables]: Tables[Table] }
}

/** One change of one record of the tables named, as it is given to `publish()`. */
export type NewUpdate<
  Tables extends TablesOf = Record<string, RecordOf>,
  Named extends keyof Tables & string = keyof Tables & string,
> = {
  [Table in Named]: {
    table: Table
    kind: UpdateKind
    record: Tables[Table]
    /** The record before the change, or those of its fields that are known. */
    before?: Partial<Tables[Table]> | undefined
    /**
     * Row version, LSN or time of the record, a signed 64-bit integer. The higher is the later, whatever comes
     * first: nothing else orders two publishers, or the commits of one process's connections to its database.
     */
    version?: bigint | undefined
  }
}[Named]

/** One change of one record, as a subscriber gets it. */
export type Update<Tables extends TablesOf = Record<string, RecordOf>> = {
  [Table in keyof Tables & string]: {
    table: Table
    kind: UpdateKind
    record: Tables[Table]
    before: Partial<Tables[Table]> | undefined
    version: bigint | undefined
    /** Of a foreign program: the intake of its node. null: nobody has numbered it. */
    publisher: PublisherIdentity | null
    /** The update's number in its stream (incarnation, table), from 1; null: nobody has numbered it. */
    sequence: number | null
    /** The number of its commit by incarnation, from 1; null: nobody has numbered it. */
    commit: number | null
    /**
     * When it left its publisher, of a foreign program the intake of its node, by the clock there:
     * milliseconds since the epoch.
     */
    publishedAt: number
    /** A program that is not ours published it, as JSON at the inbound port of a node. */
    foreign?: true
  }
}[keyof Tables & string]

/**
 * The latest state of one key of one table, folded from `count` updates: `kind` and `before` say what
 * all of them together did, everything else is the latest update's own.
 */
export type ConflatedUpdate<Tables extends TablesOf = Record<string, RecordOf>> = Update<Tables> & {
  /** How many updates it stands for; 1: it came alone and is as it was published. */
  readonly count: number
  /** The kind of the first of them; `insert`: before them there was no such record. */
  readonly firstKind: UpdateKind
}

/** Sequences of one stream that a conflated delivery stands for. */
export interface ConflatedRange<Table extends string = string> {
  readonly table: Table
  readonly publisher: PublisherIdentity
  readonly from: number
  readonly to: number
}

/** What a subscription yields. The union may grow: ignore the types you do not know. */
export type Delivery<Tables extends TablesOf = Record<string, RecordOf>> =
  | {
      readonly type: 'updates'
      /** One or more whole commits, in order. */
      readonly updates: Update<Tables>[]
      /** A commit of which a part is lost; the loss came just before. */
      readonly incomplete?: true
    }
  | { readonly type: 'loss'; readonly losses: readonly Loss<keyof Tables & string>[] }
  | {
      /** With `whenSlow: 'conflate'`: what waited, folded to the latest of each key. Whole commits. */
      readonly type: 'conflated'
      /** In the order in which they came. */
      readonly updates: ConflatedUpdate<Tables>[]
      /** How many updates are not here, because a later one of their key is. */
      readonly folded: number
      /** The same for each table of the delivery. */
      readonly foldedByTable: Readonly<Partial<Record<keyof Tables & string, number>>>
      /** All that this delivery stands for, of publishers whose updates bear numbers. */
      readonly ranges: readonly ConflatedRange<keyof Tables & string>[]
      /** Among it is a commit of which a part is lost; the loss came before. */
      readonly incomplete?: true
    }
