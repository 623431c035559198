import type { TableSequence } from './message.ts'

/** Where the streams of a publisher stand behind one commit of it: what a token says. */
export interface CommitPosition {
  readonly incarnation: string
  /** The last sequence that the commit has in each of its tables. */
  readonly streams: readonly TableSequence[]
  /** It has more tables than these: a token does not name them all. */
  readonly hasMore: boolean
}
