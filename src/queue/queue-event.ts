import type { TidingsError } from '../base/tidings-error.ts'
import type { Loss, LossReason } from '../model/loss.ts'
import type { ProcessState } from '../model/roster-entry.ts'
import type { SubscriptionEvent } from '../subscriber/subscription-output.ts'
import type { TransportEvent } from '../transport/transport.ts'

/** What happens in a queue, for people and logs. The union may grow: ignore the types you do not know. */
export type QueueEvent =
  | TransportEvent
  | SubscriptionEvent
  /**
   * `unreachable`: without whom, by name: nodes of the definition that are out of reach or not linked to
   * ours, and processes that our node knew in its last run and has not heard again.
   */
  | {
      readonly type: 'ready'
      readonly tables: readonly string[] | '*'
      readonly unreachable: readonly string[]
    }
  /** These nodes or processes, by name, cannot be reached by our node; or can be again. */
  | { readonly type: 'unreachable' | 'reachable'; readonly names: readonly string[] }
  | { readonly type: 'loss'; readonly losses: readonly Loss[] }
  | {
      readonly type: 'process'
      readonly node: string
      readonly process: string
      readonly instance: string
      readonly incarnation: string
      readonly state: ProcessState
    }
  | { readonly type: 'handler-failed'; readonly error: unknown }
  | { readonly type: 'key-missing'; readonly table: string; readonly field: string }
  | {
      readonly type: 'too-slow'
      readonly tables: readonly string[] | '*'
      readonly error: TidingsError
    }
  | { readonly type: 'closed' }

/** What was told lost of one table for one reason. */
export interface LostCount {
  /** null: in any table of the subscription. */
  readonly table: string | null
  readonly reason: LossReason
  /** Losses told; the end of one that was told open is not another one. */
  readonly losses: number
  /** Updates of the ranges whose both ends are known. */
  readonly updates: number
}

/** Counters of one process since it opened its queue, and what it has now. */
export interface QueueStats {
  readonly published: { readonly updates: number; readonly commits: number }
  readonly delivered: { readonly updates: number; readonly deliveries: number }
  /** Updates of each table that this process has published, or that were delivered to it. */
  readonly tables: Readonly<
    Record<string, { readonly published: number; readonly delivered: number }>
  >
  /** Updates that came and that `where` kept back. */
  readonly filtered: number
  /** Of the updates delivered, those that a later one of their key stands for. */
  readonly folded: number
  readonly losses: number
  /** The same by table and reason. */
  readonly lost: readonly LostCount[]
  /** How often a stream was told to be behind, and how often it was repaired: see the events. */
  readonly behind: number
  readonly repaired: number
  /** Frames and requests that were not taken, by reason. */
  readonly refused: Readonly<Record<string, number>>
  readonly retainedBytes: number
  /** How long ago the oldest was published that is retained; 0: nothing is. */
  readonly retainedMs: number
  readonly heldBytes: number
  readonly waitingUpdates: number
  readonly waitingBytes: number
  /** Open subscriptions. */
  readonly subscriptions: number
  /** Publishers that subscriptions of this process know, by their state. */
  readonly publishers: Readonly<Record<'live' | 'stalled' | 'gone', number>>
}

/** How a queue is now, for probes and for people. */
export interface QueueHealth {
  /** It is open, and every subscription is ready. */
  readonly ready: boolean
  /** Of the subscriptions that are not ready: who has not answered yet, by name. */
  readonly waitingFor: readonly string[]
  /**
   * How long ago the oldest update was published that has come and that the application has not taken, seconds, by
   * the clock of its publisher; 0: there is none.
   */
  readonly lagSeconds: number
  /** Losses told so far; resets, and ends of losses, are none. */
  readonly losses: number
  /** The latest of them and when it was told, milliseconds since the epoch; null: there was none. */
  readonly lastLoss: { readonly at: number; readonly loss: Loss } | null
  /** Whether GENESIS_CLUSTER of this node answers; `closed`: the queue is closed. */
  readonly cluster: 'connected' | 'lost' | 'closed'
}
