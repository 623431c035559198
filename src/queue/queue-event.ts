import type { TidingsError } from '../base/tidings-error.ts'
import type { Loss } from '../model/loss.ts'
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

/** Counters of one process since it opened its queue. */
export interface QueueStats {
  readonly published: { readonly updates: number; readonly commits: number }
  readonly delivered: { readonly updates: number; readonly deliveries: number }
  /** Updates that came and that `where` kept back. */
  readonly filtered: number
  /** Of the updates delivered, those that a later one of their key stands for. */
  readonly folded: number
  readonly losses: number
  /** Frames and requests that were not taken, by reason. */
  readonly refused: Readonly<Record<string, number>>
  readonly retainedBytes: number
  readonly heldBytes: number
  readonly waitingUpdates: number
}
