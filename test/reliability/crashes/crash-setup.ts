import type { LiveDatabaseName } from '../live/live-setup.ts'

/** A way into the queue, and the database that it is tried with. */
export interface CrashWay {
  readonly database: LiveDatabaseName
  /** Whether the triggers of an adapter are in the database. */
  readonly hasTriggers: boolean
  /** What a subscriber has of each commit of a process that was killed: it, or a loss; or it in any case. */
  readonly promise: 'delivered or lost' | 'delivered'
}

/** The ways of docs/GUARANTEES.md. */
export const crashWays = {
  'publish()': { database: 'sqlite', hasTriggers: false, promise: 'delivered or lost' },
  'commit()': { database: 'sqlite', hasTriggers: false, promise: 'delivered or lost' },
  sqlite: { database: 'sqlite', hasTriggers: true, promise: 'delivered or lost' },
  postgres: { database: 'postgres', hasTriggers: true, promise: 'delivered or lost' },
  capture: { database: 'postgres', hasTriggers: false, promise: 'delivered' },
} as const satisfies Record<string, CrashWay>

export type CrashWayName = keyof typeof crashWays

/** What a process that is going to die is told when it is started. */
export interface CrashSetup {
  readonly way: CrashWayName
  readonly name: string
  readonly place: string
  readonly definition: string
  readonly host: string
  /** When it dies: this part, from 0 to 1, of how long a transaction and its publication have taken, behind BEGIN. */
  readonly when: number
}

/** Where a process is when it dies; by number, as it is told. */
export const crashInstants = [
  'in the transaction',
  'in COMMIT',
  'between COMMIT and publish()',
  'behind publish()',
] as const

export type CrashInstant = (typeof crashInstants)[number]

/** What the process that dies and the thread that kills it have in common: a list of 32-bit numbers, which are at these places. */
export const shared = { stage: 0, instant: 1, afterMicroseconds: 2, count: 3 } as const

/** `isNear`: the thread wakes up, which takes as long as a transaction; `isBegun`: the time runs. */
export const stages = { isFar: 0, isNear: 1, isBegun: 2 } as const
