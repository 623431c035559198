import type { LoopBlock } from './loop-blocks.ts'

/** Nanoseconds of the machine's monotonic clock, the same for all its processes. */
export type Nanoseconds = bigint

/** What the parent asks of a process of this benchmark, one at a time. */
export interface Calls {
  readonly open: {
    readonly argument: {
      readonly process: string
      readonly definition: string
      readonly host: string
      readonly publishes: readonly string[]
    }
    readonly result: { readonly at: Nanoseconds }
  }
  /** Resolves when the subscription is ready. With `commitUpdates` each delivery is checked for whole commits, and the event loop watched. */
  readonly subscribe: {
    readonly argument: { readonly tables: readonly string[]; readonly commitUpdates?: number }
    /** `ms`: from `subscribe()` until then. */
    readonly result: { readonly at: Nanoseconds; readonly ms: number }
  }
  /** Resolves when so many updates have come since the subscription began; rejects at a loss. */
  readonly received: { readonly argument: number; readonly result: Received }
  /** Publishes and waits for the confirmations. */
  readonly load: { readonly argument: Load; readonly result: Sent }
  /** User and system time of this process so far, milliseconds. */
  readonly cpu: { readonly argument: null; readonly result: number }
  /** Ends a subscription, so that another may begin. */
  readonly unsubscribe: { readonly argument: null; readonly result: null }
  readonly close: { readonly argument: null; readonly result: null }
}

export interface Load {
  readonly tables: readonly string[]
  readonly updates: number
  readonly commitUpdates: number
  /** Of one record as JSON. */
  readonly recordBytes: number
  /** Null: as fast as subscribers confirm. */
  readonly perSecond: number | null
}

export interface Received {
  readonly at: Nanoseconds
  readonly updates: number
  readonly deliveries: number
  /** Deliveries that began or ended within a commit. */
  readonly brokenCommits: number
  /** null: nothing watched. */
  readonly block: LoopBlock | null
  /** The longest call of the application's own callback, milliseconds. */
  readonly longestCallbackMs: number
}

export interface Sent {
  readonly startedAt: Nanoseconds
  readonly block: LoopBlock
  /** The longest call of `publish()`, milliseconds. */
  readonly longestPublishMs: number
}

export interface Call {
  readonly name: keyof Calls
  readonly argument: unknown
}

export type Answer = { readonly result: unknown } | { readonly error: string }
