import type { FaultKind } from './fault-kind.ts'

/** One fault of a run. Times are microseconds of the machine's clock. */
export interface Injected {
  readonly kind: FaultKind
  /** Journals of the lives that it hit; empty: it hit nodes. */
  readonly lives: readonly string[]
  /** Addresses of the nodes whose GENESIS_CLUSTER it hit. */
  readonly nodes: readonly string[]
  /** For people. */
  readonly target: string
  readonly from: number
  /** When everything was as before. */
  to: number
}
