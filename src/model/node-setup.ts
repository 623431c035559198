import type { TurnedAway } from './turned-away.ts'

/** The keys of a running GENESIS_CLUSTER: public ones, in Z85. */
export interface KeySetup {
  /** That of its ports, until it is started again. */
  readonly own: string
  /** Those that it lets in, in the order of its key file; `own` last, where the file has it no more. */
  readonly ring: readonly string[]
  /** Why its key file is not taken as it is now; null: it is. */
  readonly untaken: string | null
}

/** What a GENESIS_CLUSTER says of itself beside processes and links. */
export interface NodeSetup {
  /** The version of its package. */
  readonly version: string
  /** null: it has none, and demands none. */
  readonly keys: KeySetup | null
  /** Who was not let in lately. */
  readonly turnedAway: readonly TurnedAway[]
}

/** What the wall clock of a node shows at the moment of a snapshot. */
export interface ClockReading {
  /** Milliseconds since the epoch. */
  readonly wallClock: number
  /** It may be so much less or more, milliseconds: half of the time from the question to the answer. */
  readonly withinMs: number
}
