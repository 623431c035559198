import type { Seat } from './peers/peer.ts'
import type { Reading } from './workload.ts'

/** What one process of a run has to do, given on its command line as JSON. */
export interface Assignment {
  readonly peer: string
  readonly role: 'publisher' | 'subscriber'
  readonly seat: Seat
  readonly work: Work
}

/** What is sent. By each publisher: `warmUp` updates before it is measured, `updates` while it is. */
export type Work = { readonly warmUp: number; readonly updates: number } &
  /** `perTurn`: published in one turn of the event loop. */
  (
    | { readonly type: 'throughput'; readonly reading: Reading; readonly perTurn: number }
    /** `rate`: updates a second. */
    | { readonly type: 'latency'; readonly rate: number }
  )

/** Percentiles of latency, milliseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** What a process tells. Times are nanoseconds of the machine's monotonic clock. */
export type Said =
  | { readonly type: 'ready' }
  | { readonly type: 'connected' }
  | { readonly type: 'taken'; readonly publisher: number; readonly updates: number }
  | { readonly type: 'warm' }
  | { readonly type: 'started'; readonly startedAt: bigint }
  | {
      readonly type: 'received'
      readonly endedAt: bigint
      readonly lost: number
      readonly latency: Latency | null
    }

/** What a process is told. `taken`: a subscriber has come so far with what this publisher sent. */
export type Told =
  | { readonly type: 'connect' }
  | { readonly type: 'warm-up' }
  | { readonly type: 'go' }
  | { readonly type: 'taken'; readonly subscriber: number; readonly updates: number }
  | { readonly type: 'end' }
