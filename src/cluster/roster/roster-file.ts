import { noConnections } from '../../model/new-registration.ts'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { homedir, uptime } from 'node:os'
import path from 'node:path'
import type { Registration, RosterEntry } from '../../model/roster-entry.ts'
import { integer, list, oneOf, orElse, quantity, record, text } from '../../base/json-shape.ts'
import { identity, rosterChange, withPorts } from '../../registration/registration-shape.ts'
import type { SeenRemote } from './remote-roster.ts'
import type { Forgotten, SavedEntry, VersionGap } from './roster.ts'

/** What outlives a run of GENESIS_CLUSTER: the roster of its own node. */
export interface SavedRoster {
  readonly history: string
  readonly version: number
  /** The version of the latest change of the node's own. */
  readonly own: number
  /** A process that was away for several runs may have been told what none of their files had. */
  readonly gaps: readonly VersionGap[]
  readonly forgotten: Forgotten
  readonly processes: readonly SavedEntry[]
  /** Up to where the rosters of other nodes were known. */
  readonly others: readonly SavedRemote[]
  /** Their processes that had ended: a process of ours that was away may not have been told. */
  readonly endings: readonly SavedEntry[]
}

export interface SavedRemote extends SeenRemote {
  readonly node: string
}

/** Two clocks that outlive a process, milliseconds: since the epoch, and since the machine was started. */
interface Moment {
  readonly wallClock: number
  readonly uptime: number
}

const thisMoment = (): Moment => ({ wallClock: Date.now(), uptime: uptime() * 1_000 })

/**
 * How long it is at least from one moment to another: a clock may have been set ahead, and the machine
 * or another one may have been started meanwhile, but that makes the other clock show less.
 */
export const leastMsBetween = (earlier: Moment, later: Moment): number =>
  Math.max(0, Math.min(later.wallClock - earlier.wallClock, later.uptime - earlier.uptime))

/** Only this shape is read; another number is another format. */
const format = 1

interface FileContent {
  readonly format: string
  readonly node: string
  readonly history: string
  readonly version: number
  readonly own: number | null
  readonly gaps: readonly VersionGap[]
  readonly forgotten: Forgotten
  readonly savedAt: Moment
  readonly change: ReturnType<typeof rosterChange>
  readonly others: readonly SavedRemote[]
  readonly versions: readonly { incarnation: string; version: number }[]
}

const version = integer(0, Number.MAX_SAFE_INTEGER)

const content = record<FileContent>({
  format: oneOf([String(format)]),
  node: text(255),
  history: text(64),
  version,
  own: orElse(null, version),
  gaps: orElse([], list(record<VersionGap>({ after: version, before: version }))),
  forgotten: orElse({ all: 0, own: 0 }, record<Forgotten>({ all: version, own: version })),
  savedAt: orElse(
    { wallClock: Infinity, uptime: Infinity },
    record<Moment>({ wallClock: quantity, uptime: quantity }),
  ),
  others: orElse([], list(record<SavedRemote>({ node: text(255), history: text(64), version }))),
  change: rosterChange,
  versions: orElse([], list(record({ incarnation: identity, version }))),
})

/** `$TIDINGS_STATE`, else `$XDG_STATE_HOME/tidings`, else `~/.local/state/tidings`. */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['TIDINGS_STATE']) return environment['TIDINGS_STATE']
  const base = environment['XDG_STATE_HOME'] || path.join(homedir(), '.local', 'state')
  return path.join(base, 'tidings')
}

/** One file for each host and cluster port, so that nodes which share a machine do not share it. */
export class RosterFile {
  readonly path: string
  readonly #node: string
  readonly #moment: () => Moment

  constructor(
    directory: string,
    node: string,
    clusterPort: number,
    moment: () => Moment = thisMoment,
  ) {
    this.#node = node
    this.#moment = moment
    this.path = path.join(directory, `roster-${encodeURIComponent(node)}-${clusterPort}.json`)
  }

  /** null: there is none. `damaged`: there is one that cannot be used, and why. */
  load(): SavedRoster | { readonly damaged: string } | null {
    let json: string
    try {
      json = readFileSync(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      return { damaged: (error as Error).message }
    }
    return savedRosterOf(json, this.#node, this.#moment())
  }

  /**
   * Replaces the file in one step. Synchronous: nothing is told before it is kept, and a write on
   * the thread pool would compete with the proxies for threads.
   * @throws the error of the file system
   */
  save(roster: SavedRoster): void {
    const entries = [...roster.processes, ...roster.endings]
    const json = JSON.stringify({
      format: String(format),
      node: this.#node,
      history: roster.history,
      version: roster.version,
      own: roster.own,
      gaps: roster.gaps,
      forgotten: roster.forgotten,
      savedAt: this.#moment(),
      others: roster.others,
      change: {
        entries: entries.map(({ entry }) => withPorts(entry)),
        histories: [],
        settled: false,
        unreachable: [],
      },
      versions: entries.map(({ entry: { incarnation }, version }) => ({ incarnation, version })),
    })
    makeFolder(path.dirname(this.path))
    // Always the same name: what a killed process leaves behind is written over, and does not add up.
    const next = `${this.path}.tmp`
    try {
      writeFileSync(next, json, { mode: 0o600 })
      renameSync(next, this.path)
    } catch (error) {
      remove(next)
      throw error
    }
  }

  /**
   * Out of date and not to be replaced: whoever began with it would not know what was told since.
   * Removed, or where that cannot be done emptied. False: what it says can still be read, or nobody knows.
   */
  discard(): boolean {
    if (!remove(this.path)) {
      try {
        truncateSync(this.path)
      } catch {
        // Then it is as it was.
      }
    }
    try {
      return 'damaged' in savedRosterOf(readFileSync(this.path, 'utf8'), this.#node, this.#moment())
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === 'ENOENT' || code === 'EISDIR'
    }
  }
}

function remove(path: string): boolean {
  try {
    rmSync(path, { force: true })
    return true
  } catch {
    return false
  }
}

/** Any text to the roster of a node, or to why it is none. */
export function savedRosterOf(
  text: string,
  node: string,
  now: Moment,
): SavedRoster | { readonly damaged: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { damaged: 'it is not JSON' }
  }
  const read = content(json)
  if (read?.change === undefined) return { damaged: 'it has another format' }
  if (read.node !== node) return { damaged: `it is of node ${read.node}` }
  const versions = new Map(read.versions.map((each) => [each.incarnation, each.version]))
  // Without one it is of an older format: whoever has seen all of that file knows it.
  const elapsed = leastMsBetween(read.savedAt, now)
  const saved = read.change.entries.map((entry) => ({
    entry: agedBy(entry, elapsed),
    version: versions.get(entry.incarnation) ?? read.version,
  }))
  const processes = saved.filter(({ entry }) => entry.node === node)
  const endings = saved.filter(({ entry }) => entry.node !== node && entry.state === 'ended')
  const { history, version, gaps, forgotten, others } = read
  const own = read.own ?? version
  return { history, version, own, gaps, forgotten, processes, others, endings }
}

const agedBy = (entry: RosterEntry, elapsedMs: number): RosterEntry =>
  entry.endedMsAgo === undefined ? entry : { ...entry, endedMsAgo: entry.endedMsAgo + elapsedMs }

/** What a process of the last run is taken for until it registers again. */
export function assumedRegistration(entry: RosterEntry): Registration {
  return {
    ...entry,
    state: entry.state === 'leaving' || entry.state === 'ended' ? entry.state : 'alive',
    connections: noConnections,
    sequences: [],
    health: null,
  }
}

/**
 * With the folders above it. Not `recursive`: where a file system takes no folder and says ENOENT, as /proc does,
 * Node 24 tries for ever.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(path.dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Somebody else has made it meanwhile.
    if (!existsSync(folder)) throw error
  }
}
