import {
  type ClusterSnapshot,
  type NodeSnapshot,
  nodeStates,
  processStatuses,
} from '../model/cluster-snapshot.ts'
import { type LinkSnapshot, linkConditions } from '../model/link-snapshot.ts'
import { processesOfNode } from '../model/processes-of-node.ts'
import { turnedAwayReasons } from '../model/turned-away.ts'
import { type Figure, figureOf, type Sample } from './figure.ts'
import { groupFigures } from './group-figures.ts'
import { versionFigure } from './version-figure.ts'

type Labels = Sample['labels']

/** What GENESIS_CLUSTER has told since it began, counted. */
export interface ToldCounts {
  readonly warnings: number
  /** Processes that were not let in under the name that they wanted. */
  readonly refusedRegistrations: number
  /** Messages of foreign programs, by why they were not taken. */
  readonly refusedMessages: ReadonlyMap<string, number>
}

interface ClusterFiguresOptions {
  /** Name of the node, which is the label of all figures but those of the process itself. */
  readonly node: string
  readonly isReady: boolean
  readonly told: ToldCounts
  /** What `tidings mon` shows; null: it is not ready yet. */
  readonly snapshot: ClusterSnapshot | null
}

/**
 * The figures of one GENESIS_CLUSTER. Of other nodes there are counts by state, and the name as label only where datagrams are counted:
 * none has a process or an address among its labels, so their number is that of states, reasons and nodes.
 */
export function clusterFigures({ node, isReady, told, snapshot }: ClusterFiguresOptions): Figure[] {
  const labels = { node }
  return [
    versionFigure(),
    ...processFigures(),
    figureOf('gauge', 'tidings_cluster_ready', '1: processes may come.', [Number(isReady), labels]),
    ...toldFigures(told, labels),
    ...(snapshot ? snapshotFigures(snapshot, labels) : []),
  ]
}

/** Under the names that all programs have them by. */
function processFigures(): Figure[] {
  const { user, system } = process.cpuUsage()
  return [
    figureOf('gauge', 'process_start_time_seconds', 'When it began, seconds since 1970.', [
      performance.timeOrigin / 1000,
    ]),
    figureOf('counter', 'process_cpu_seconds_total', 'Time of CPU that it has taken.', [
      (user + system) / 1e6,
    ]),
    figureOf('gauge', 'process_resident_memory_bytes', 'Memory that it has.', [
      process.memoryUsage.rss(),
    ]),
  ]
}

const toldFigures = (told: ToldCounts, labels: Labels): Figure[] => [
  figureOf('counter', 'tidings_cluster_warnings_total', 'Warnings in its log.', [
    told.warnings,
    labels,
  ]),
  figureOf(
    'counter',
    'tidings_cluster_refused_registrations_total',
    'Registrations of processes that were refused.',
    [told.refusedRegistrations, labels],
  ),
  figureOf(
    'counter',
    'tidings_cluster_refused_messages_total',
    'Messages of foreign programs that were not taken, by reason.',
    ...[...told.refusedMessages].map(([reason, count]) => [count, { ...labels, reason }] as const),
  ),
]

function snapshotFigures(snapshot: ClusterSnapshot, labels: Labels): Figure[] {
  const own = snapshot.nodes.find(({ name }) => name === snapshot.node)
  return [
    figureOf(
      'gauge',
      'tidings_cluster_processes',
      'Processes of this node by state, as tidings mon shows them.',
      ...counted(
        'status',
        processStatuses,
        processesOfNode(snapshot).map(({ status }) => status),
        labels,
      ),
    ),
    figureOf(
      'gauge',
      'tidings_cluster_roster_processes',
      'Processes of all nodes that this one knows of.',
      [snapshot.nodes.reduce((sum, each) => sum + known(each), 0), labels],
    ),
    ...nodeFigures(snapshot, own?.links ?? [], labels),
    ...turnedAwayFigures(own, labels),
    ...groupFigures(own, labels),
  ]
}

/** An answer of another node may have had no room for all. */
const known = ({ processes, leftOut }: NodeSnapshot): number =>
  processes.length + (leftOut?.processes ?? 0)

const nodeFigures = (
  { node, nodes }: ClusterSnapshot,
  links: readonly LinkSnapshot[],
  labels: Labels,
): Figure[] => [
  figureOf(
    'gauge',
    'tidings_cluster_nodes',
    'Other nodes by state, as this one sees them.',
    ...counted(
      'state',
      nodeStates,
      nodes.flatMap(({ name, state }) => (name === node ? [] : state)),
      labels,
    ),
  ),
  figureOf(
    'gauge',
    'tidings_cluster_links',
    'Links by which updates of other nodes come, by state.',
    ...counted(
      'state',
      linkConditions,
      links.map(({ state }) => state),
      labels,
    ),
  ),
]

function turnedAwayFigures(own: NodeSnapshot | undefined, labels: Labels): Figure[] {
  const turnedAway = own?.setup?.turnedAway ?? []
  const ofReason = (reason: string): number =>
    turnedAway.reduce((sum, { why, count }) => sum + (why === reason ? count : 0), 0)
  return [
    figureOf(
      'gauge',
      'tidings_cluster_turned_away',
      'Who was not let in lately, by reason.',
      ...turnedAwayReasons.map((reason) => [ofReason(reason), { ...labels, reason }] as const),
    ),
  ]
}

/** How many are in each state; 0 for those in which none is, so that no series comes and goes. */
const counted = (
  label: string,
  states: readonly string[],
  all: readonly string[],
  labels: Labels,
) =>
  states.map((state) => {
    const count = all.filter((each) => each === state).length
    return [count, { ...labels, [label]: state }] as const
  })
