import type { PublisherIdentity } from './publisher-identity.ts'

/** A table and a sequence in the stream of it: 0 means that nothing has been sent yet. */
export interface TableSequence {
  readonly table: string
  readonly last: number
}

/**
 * How the updates of a batch belong to commits, in the order of the batch. Commits are numbered by
 * incarnation, from 1, in the order of `publish()`.
 */
export type CommitEntry =
  /** `commits` commits with consecutive numbers from `commit`, each of `updatesEach` updates, all in this batch. */
  | {
      readonly type: 'run'
      readonly commit: number
      readonly commits: number
      readonly updatesEach: number
    }
  /** One commit of which a part is in this batch: the rest is in other batches of the parcel. */
  | {
      readonly type: 'part'
      readonly commit: number
      /** For each update of it in this batch, its place (from 0) in the `publish()` call, ascending. */
      readonly places: readonly number[]
      /** How many updates the whole commit has in each of its tables. */
      readonly tables: readonly { readonly table: string; readonly updates: number }[]
    }

/** What a reset says, as it travels. */
export interface ResetNotice {
  /** Why, for people. */
  readonly text: string
  /** See `wire/rows/record-key.ts`; empty: it may be any record. */
  readonly keys: readonly string[]
}

/** The header of a batch: everything but its rows. */
export interface BatchHeader {
  readonly publisher: PublisherIdentity
  readonly table: string
  /** Sequence of the first update; the batch holds `first` … `first + count − 1`. */
  readonly first: number
  readonly count: number
  /** Parcels are numbered by incarnation, from 1. */
  readonly parcel: number
  /** For each table of the parcel (this batch's own among them), its last sequence in the parcel. */
  readonly manifest: readonly TableSequence[]
  readonly commits: readonly CommitEntry[]
  /** Milliseconds since the epoch by the publisher's wall clock. */
  readonly publishedAt: number
  /** By an intake: a program that is not ours published it. */
  readonly foreign?: boolean | undefined
  /**
   * Why its updates will never be had: numbers were given to what could not be published. It has no rows
   * then, and is sent, retained and replayed as any batch.
   */
  readonly unpublished?: string | undefined
  /** It stands for one reset; `unpublished` says so in one word. */
  readonly reset?: ResetNotice | undefined
}

export interface BatchMessage extends BatchHeader {
  readonly kind: 'batch'
  /** The encoded rows (a view of `frame`). */
  readonly payload: Uint8Array
  /** From the envelope on, as it was sent and as it is sent again. */
  readonly frame: Uint8Array
}

/** A batch on its way out. */
export interface OutgoingBatch extends BatchMessage {
  /** Topic and frame in one piece: what leaves, and what retention keeps a copy of. */
  readonly message: Uint8Array
}

/** Batches sent again out of retention, to the asker's reply topic or to the update topic of their table. */
export interface ReplayMessage {
  readonly kind: 'replay'
  readonly publisher: PublisherIdentity
  readonly nonce: number
  /** One or more. */
  readonly batches: readonly BatchMessage[]
}

/** The owner no longer retains anything of the stream below `firstRetained`. */
export interface RefusalMessage {
  readonly kind: 'refusal'
  readonly publisher: PublisherIdentity
  readonly nonce: number
  readonly table: string
  /** Everything below is refused; `last + 1` when nothing is retained. */
  readonly firstRetained: number
}

/** Proves the very path that the updates of a table take. */
export interface MarkMessage {
  readonly kind: 'mark'
  readonly publisher: PublisherIdentity
  /** The table whose update topic it travels on; null: `table/`, the topic of "all tables". */
  readonly table: string | null
  readonly answers: readonly { readonly subscriber: string; readonly nonce: number }[]
  /** Last sequence sent; 0 where `table` is null. */
  readonly last: number
}

/** What a publisher has sent and retains, of all tables asked for, at one moment between two parcels. */
export interface VectorMessage {
  readonly kind: 'vector'
  readonly publisher: PublisherIdentity
  readonly nonce: number
  /** True: the streams are all that the publisher has (the sync asked for "all"). */
  readonly all: boolean
  readonly streams: readonly StreamState[]
}

export interface StreamState extends TableSequence {
  /** First sequence still retained; `last + 1` when nothing is. */
  readonly first: number
  /**
   * First sequence published within the `sinceMs` of the sync; `last + 1`: none. `first − 1` where the
   * latest of those that are no longer retained is one: how many of them are is not known.
   */
  readonly since: number
  /** Milliseconds since the stream's first update was sent, on a monotonic clock; null: it has none. */
  readonly ageMs: number | null
}

export interface HeartbeatMessage {
  readonly kind: 'heartbeat'
  readonly publisher: PublisherIdentity
  /** The streams that changed lately (all of them when `confirm` is set). */
  readonly streams: readonly TableSequence[]
  /** Asks every subscriber for a confirmation. */
  readonly confirm: boolean
}

/** The publisher takes nothing more; these are the last numbers of all its streams. */
export interface LeavingMessage {
  readonly kind: 'leaving'
  readonly publisher: PublisherIdentity
  readonly streams: readonly TableSequence[]
}

/** Everything that travels from a publisher down to its subscribers. */
export type Message =
  | BatchMessage
  | ReplayMessage
  | RefusalMessage
  | MarkMessage
  | VectorMessage
  | HeartbeatMessage
  | LeavingMessage
