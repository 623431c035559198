import type { Heard, Span } from './hearing.ts'
import type { Way } from './pause-peer.ts'

/** What one process of a run has to do, given on its command line as JSON. */
export interface Part {
  readonly peer: string
  readonly role: 'publisher' | 'subscriber'
  readonly way: Way
  /** Updates that the publisher publishes each second. */
  readonly perSecond: number
}

/** What a process is asked: how many it has published; what it has of a span. */
export type Asked =
  { readonly type: 'begin' | 'count' } | { readonly type: 'heard'; readonly span: Span }

/** What it says, of its own accord when it is ready, else to each question. */
export type Told =
  | { readonly type: 'ready' }
  | { readonly type: 'count'; readonly published: number }
  | { readonly type: 'heard'; readonly heard: Heard }
