/** What a process of a chaos run is, as JSON in its only argument. */
export interface ChaosProcessOptions {
  readonly name: string
  readonly isScript: boolean
  readonly definition: string
  readonly host: string
  /** Path of its journal. */
  readonly journal: string
  /** Subscribes to these; null: to nothing. */
  readonly wants: readonly string[] | '*' | null
  /** Commits a second; 0: publishes nothing. */
  readonly commitsPerSecond: number
  /** A script publishes so many and closes. */
  readonly commits: number
  /** It names the tables that it is going to publish when it opens the queue. */
  readonly declares: boolean
}

/** What the runner tells it. */
export type Order =
  | { readonly type: 'burst'; readonly commits: number }
  | { readonly type: 'stop' }
  | { readonly type: 'flush' }
  | { readonly type: 'close' }

/** What it answers: `stop` and `flush` when they are done. */
export type Word =
  | { readonly type: 'open' }
  | { readonly type: 'ready' }
  | { readonly type: 'stopped' }
  | { readonly type: 'flushed'; readonly missing: readonly string[] }
  | { readonly type: 'failed'; readonly message: string }
