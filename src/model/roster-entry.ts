import type { TableSequence } from './message.ts'
import type { Place } from './place.ts'
import type { ProcessHealth } from './process-health.ts'
import type { Tables } from './request.ts'
import type { PublisherIdentity } from './publisher-identity.ts'

/**
 * `process`: lives on, and has a place; `script`: short-lived, without one;
 * `cluster`: GENESIS_CLUSTER itself, which publishes nothing.
 */
export type ProcessRole = 'process' | 'script' | 'cluster'

/**
 * `leaving` is the process's own word, and so is `ended` with last numbers. `ended` without them:
 * its connection has ended, or another has its name. `gone` is lost touch.
 */
export type ProcessState = 'alive' | 'leaving' | 'ended' | 'gone'

/** How the processes of a node reach each other. */
export type NodeMode = 'mesh' | 'proxy'

/** How the nodes of a cluster reach each other. */
export type NodeLink = 'none' | 'relay' | 'multicast'

/** Counted from socket events, never computed. */
export interface ConnectionCounts {
  /** Direct ones, to other processes. */
  readonly processes: number
  readonly outbound: number
  readonly inbound: number
  readonly export: number
}

/** What a process says of itself on the registration connection. */
export interface Registration extends PublisherIdentity {
  readonly role: ProcessRole
  readonly pid: number
  /** When the process started, milliseconds since the epoch; with the pid it names one life. */
  readonly startedAt: number
  readonly mode: NodeMode
  /** null: nobody connects to it, or not yet. */
  readonly place: Place | null
  /** Tables it has declared or published. */
  readonly publishes: readonly string[]
  /** Union of its subscriptions; empty: it subscribes to nothing. */
  readonly subscribes: Tables
  readonly state: 'alive' | 'leaving' | 'ended'
  /** Last numbers of all its streams; null while it is alive. */
  readonly last: readonly TableSequence[] | null
  /** For people and `mon` only: no rule reads them. */
  readonly connections: ConnectionCounts
  readonly sequences: readonly TableSequence[]
  /** null: it has not said. */
  readonly health: ProcessHealth | null
}

/** A process of the cluster as GENESIS_CLUSTER knows it. */
export interface RosterEntry extends Omit<
  Registration,
  'state' | 'connections' | 'sequences' | 'health'
> {
  readonly state: ProcessState
  /**
   * Of one that has ended: how long ago at least, milliseconds, when this is told. It only grows on its
   * way. Left out: nobody knows.
   */
  readonly endedMsAgo?: number
}

/** What changed in the roster, as one process is told. */
export interface RosterChange {
  readonly entries: readonly RosterEntry[]
  /** The life of each node's roster: another id means that it began anew without its file. */
  readonly histories: readonly { readonly node: string; readonly history: string }[]
  readonly settled: boolean
  /** Who could not be heard when the roster settled by time: nodes and processes, by name. */
  readonly unreachable: readonly string[]
  /** Incarnations that the roster has let go without an end: not heard for an hour. Absent: none. */
  readonly letGo?: readonly string[]
  /**
   * Since what this process was told last, publishers may have come and ended of whom the roster no
   * longer knows.
   */
  readonly forgot?: boolean
}

/** The roster as one process knows it, by incarnation. */
export type KnownRoster = ReadonlyMap<string, RosterEntry>

/** What is said of a process, and not when: two tellings of the same are equal. */
export function timelessEntry(entry: RosterEntry): RosterEntry {
  if (entry.endedMsAgo === undefined) return entry
  const { endedMsAgo: _, ...rest } = entry
  return rest
}

/** False: nobody is owed anything of it, since it has published nothing. The intake of foreign programs has the role of GENESIS_CLUSTER. */
export const couldHavePublished = ({
  role,
  publishes,
  last,
  subscribes,
}: Pick<RosterEntry, 'role' | 'publishes' | 'last' | 'subscribes'>): boolean => {
  if (publishes.length > 0) return true
  if (last !== null) return last.length > 0
  // GENESIS_CLUSTER itself publishes nothing; its intake says what it publishes before any of it leaves.
  return role !== 'cluster' && subscribes.length === 0
}

/**
 * A process that died before its node knew what it opened the queue for: between its first publish()
 * and the node's answer nothing leaves, so nobody else could tell that there was something.
 */
export const mayHavePublished = ({ role, state, last, subscribes }: RosterEntry): boolean =>
  role !== 'cluster' && state === 'ended' && last === null && subscribes.length === 0

/**
 * A process that has ended, as it is kept: what it published and wanted was told with its end, and of who ends there
 * may be many.
 */
export const withoutTables = (ended: RosterEntry): RosterEntry => ({
  ...ended,
  publishes: none,
  subscribes: none,
  last: ended.last && none,
})

const none: readonly never[] = []

/**
 * It has said itself that it ended: nothing changes that. Who was only taken for dead, since its
 * connection had ended, may say that it lives, as long as nobody else has its name.
 */
export const isFinal = ({ state, last }: RosterEntry): boolean => state === 'ended' && last !== null

/** One step of the roster: the changes after version `since`, up to `version`. */
export interface RosterPart {
  readonly since: number
  readonly version: number
  /** Who has seen less has missed the end of a publisher that is forgotten. */
  readonly forgottenUpTo: number
  /** The version of the latest change of this node's own: before it was told it was in the roster file. */
  readonly kept: number
  readonly change: RosterChange
  /** Another part follows: nothing is settled until the last. */
  readonly more: boolean
}
