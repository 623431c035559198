import type {
  BrokerSnapshot,
  ClusterSnapshot,
  NodeSnapshot,
  ProcessSnapshot,
} from '../../../model/cluster-snapshot.ts'
import { nothingSaid } from '../../../model/cluster-snapshot.ts'
import type { ClockReading } from '../../../model/node-setup.ts'
import type { RosterEntry } from '../../../model/roster-entry.ts'
import { entrySnapshot, shownEntries, shownTables } from '../../../registration/process-snapshot.ts'
import type { KnownProcess } from '../presence/presence-book.ts'
import type { FiguresRecord } from './figures-record.ts'

/** Figures, and between which moments they were told. */
export interface ToldFigures {
  readonly figures: FiguresRecord
  readonly askedAt: number
  readonly toldAt: number
}

/** What a snapshot is made of. Times are those of one monotonic clock, but for `wallClock`. */
export interface WatchedCluster {
  readonly system: string | null
  /** The node of who asks. */
  readonly node: string
  /** The hosts of the definition: they are shown also where nothing is known of them. */
  readonly hosts: readonly string[]
  readonly broker: BrokerSnapshot
  readonly processes: Iterable<KnownProcess>
  /** By incarnation. */
  readonly figures: ReadonlyMap<string, ToldFigures>
  readonly now: number
  readonly wallClock: number
}

/** The cluster as its processes say it at a broker. */
export function brokerSnapshot(watched: WatchedCluster): ClusterSnapshot {
  const { broker, hosts, node, processes, system } = watched
  const entries = [...processes].map(shownEntry)
  const others = new Set(entries.map((entry) => entry.node).toSorted())
  const names = [...new Set([...hosts, ...others])]
  const nodes = names.map((name) => nodeSnapshot(name, entries, watched))
  return { system, node, mode: 'broker', link: 'broker', broker, nodes }
}

/** Who does not answer, or whose connection has ended, may live or not. */
const shownEntry = ({ entry, isConfirmed, presence }: KnownProcess): RosterEntry => {
  if (entry.state === 'ended' || (isConfirmed && presence === 'here')) return entry
  return { ...entry, state: 'gone' }
}

function nodeSnapshot(
  name: string,
  all: readonly RosterEntry[],
  { figures, node, now, wallClock }: WatchedCluster,
): NodeSnapshot {
  const entries = all.filter((entry) => entry.node === name)
  const isThere = entries.some(({ state }) => state === 'alive' || state === 'leaving')
  const told = entries.flatMap(({ incarnation }) => figures.get(incarnation) ?? [])
  const shown = shownEntries(entries)
  const isShort = shown.some(
    ({ incarnation }) => figures.get(incarnation)?.figures.sequences === null,
  )
  return {
    ...nothingSaid,
    name,
    address: null,
    state: isThere ? 'alive' : entries.length > 0 ? 'gone' : 'unreachable',
    wire: null,
    link: null,
    refusal: null,
    clock: name === node ? { wallClock, withinMs: 0 } : clockOf(told, now),
    processes: shown.map((entry) => processSnapshot(entry, figures.get(entry.incarnation))),
    leftOut: isShort ? { processes: 0, tables: true } : null,
  }
}

/** By whoever was asked and answered within the least time. It told the time at some moment between the two. */
function clockOf(told: readonly ToldFigures[], now: number): ClockReading | null {
  const [best] = told.toSorted((one, other) => tookMs(one) - tookMs(other))
  if (!best) return null
  const withinMs = tookMs(best) / 2
  return { wallClock: best.figures.wallClock + now - best.askedAt - withinMs, withinMs }
}

const tookMs = ({ askedAt, toldAt }: ToldFigures): number => toldAt - askedAt

function processSnapshot(entry: RosterEntry, told: ToldFigures | undefined): ProcessSnapshot {
  const { place, publishes, subscribes, state } = entry
  const figures = told?.figures
  const clientId = place?.['clientId']
  const snapshot = entrySnapshot(entry)
  return {
    ...snapshot,
    tables: figures?.sequences ? shownTables(figures.sequences) : snapshot.tables,
    rate: state === 'alive' ? (figures?.rate ?? 0) : 0,
    version: figures?.version ?? null,
    health: state === 'alive' ? (figures?.health ?? null) : null,
    broker: {
      clientId: typeof clientId === 'string' ? clientId : null,
      publishes,
      subscribes,
      connectedForMs: figures?.connectedForMs ?? null,
      dropped: figures?.dropped ?? null,
    },
  }
}
