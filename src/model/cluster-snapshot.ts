import type { LinksSnapshot } from './link-snapshot.ts'
import type { ClockReading, NodeSetup } from './node-setup.ts'
import type { ConnectionCounts, NodeLink, NodeMode } from './roster-entry.ts'
import type { ProcessHealth } from './process-health.ts'
import type { Tables } from './request.ts'
import type { Refusal } from './shut-out.ts'

/** A node as membership sees it. */
export type NodeState = 'alive' | 'suspect' | 'gone'

/** `unreachable`: it has never been heard. */
export type ShownNodeState = NodeState | 'unreachable'

export const nodeStates = [
  'alive',
  'suspect',
  'gone',
  'unreachable',
] as const satisfies readonly ShownNodeState[]

/** The words that `mon` has always used for the health of a process. */
export type ProcessStatus = 'STARTING' | 'HEALTHY' | 'WARNING' | 'ERROR' | 'DOWN'

export const processStatuses = [
  'STARTING',
  'HEALTHY',
  'WARNING',
  'ERROR',
  'DOWN',
] as const satisfies readonly ProcessStatus[]

/** What is known of a process that meets the others at an MQTT broker, beside the rest. */
export interface ProcessAtBroker {
  /** null: a script, which does not say it. */
  readonly clientId: string | null
  /** Tables that it has declared or published. */
  readonly publishes: readonly string[]
  /** Tables that it wants; `*`: all. */
  readonly subscribes: Tables
  /** How long its connection has stood, milliseconds; null: it has not told its figures. */
  readonly connectedForMs: number | null
  /** Messages that it let go of, since too many waited to leave; null: it has not told its figures. */
  readonly dropped: number | null
}

export interface ProcessSnapshot {
  readonly name: string
  readonly pid: number
  readonly status: ProcessStatus
  readonly processPort: number | null
  readonly zeromqPort: number | null
  readonly connections: ConnectionCounts
  /** What the process has published: the last sequence of each of its streams. */
  readonly tables: readonly { readonly table: string; readonly sequence: number }[]
  /** Updates published per second, over the last heartbeats. */
  readonly rate: number
  /** The version of its package; null: it has not said. */
  readonly version: string | null
  /** As it says itself; null: it has not said, or does not live. */
  readonly health: ProcessHealth | null
  /** Present with an MQTT broker only. */
  readonly broker?: ProcessAtBroker
}

/** Its processes, links and setup are as the node itself says: none where it has not said. */
export interface NodeSnapshot extends LinksSnapshot {
  readonly name: string
  /** null: its name does not resolve, or not yet. */
  readonly address: string | null
  readonly state: ShownNodeState
  /** The version of the wire that it speaks; 0: none of ours; null: it has never been heard. */
  readonly wire: number | null
  /** How it is linked to other nodes; null: it has not said. */
  readonly link: NodeLink | null
  /** Why it does not let in the node that was asked; null: it does, or nobody is there. */
  readonly refusal: Refusal | null
  /** null: it has not told the time. */
  readonly clock: ClockReading | null
  readonly setup: NodeSetup | null
  readonly processes: readonly ProcessSnapshot[]
  /** What an answer has no room for; null: nothing is left out. */
  readonly leftOut: LeftOut | null
}

/** What the node that was asked knows of another one by itself. */
export type NodeSight = Pick<
  NodeSnapshot,
  'name' | 'address' | 'state' | 'wire' | 'link' | 'refusal'
>

/** Of a node that has said nothing of itself. */
export const nothingSaid: Omit<NodeSnapshot, keyof NodeSight> = {
  clock: null,
  setup: null,
  processes: [],
  links: [],
  group: null,
  leftOut: null,
}

/** What a snapshot does not show of a node: so many thousand processes are more than an answer may hold. */
export interface LeftOut {
  /** Processes of the node that are not among `processes`. */
  readonly processes: number
  /** The `tables` of its processes are left out. */
  readonly tables: boolean
}

/** The MQTT broker at which the processes meet. */
export interface BrokerSnapshot {
  /** Without credentials. */
  readonly url: string
  /** In which it was asked. */
  readonly protocol: '3.1.1' | '5'
}

/**
 * The cluster as one GENESIS_CLUSTER knows it, or as its processes say it at a broker, at one moment: the JSON of
 * `tidings mon --json`.
 */
export interface ClusterSnapshot {
  /** null: a definition without systems, or none. */
  readonly system: string | null
  /** The node that was asked; with a broker the one that asks. */
  readonly node: string
  readonly mode: NodeMode | 'broker'
  readonly link: NodeLink | 'broker'
  readonly nodes: readonly NodeSnapshot[]
  /** Present with an MQTT broker only. */
  readonly broker?: BrokerSnapshot
}
