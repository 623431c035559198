import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Registration, RosterEntry } from '../model/roster.ts'
import { integer, oneOf, record, text } from '../transport/zeromq/json-shape.ts'
import { rosterChange } from '../transport/zeromq/registration-shape.ts'

/** What outlives a run of GENESIS_CLUSTER: the roster of its own node. */
export interface SavedRoster {
  readonly history: string
  readonly version: number
  readonly processes: readonly RosterEntry[]
}

/** Only this shape is read; another number is another format. */
const format = 1

interface FileContent {
  readonly format: string
  readonly node: string
  readonly history: string
  readonly version: number
  readonly change: ReturnType<typeof rosterChange>
}

const content = record<FileContent>({
  format: oneOf([String(format)]),
  node: text(255),
  history: text(64),
  version: integer(0, Number.MAX_SAFE_INTEGER),
  change: rosterChange,
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

  constructor(directory: string, node: string, clusterPort: number) {
    this.#node = node
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
    return savedRosterOf(json, this.#node)
  }

  /**
   * Replaces the file in one step. Synchronous: nothing is told before it is kept, and a write on
   * the thread pool would compete with the proxies for threads.
   * @throws the error of the file system
   */
  save(roster: SavedRoster): void {
    const json = JSON.stringify({
      format: String(format),
      node: this.#node,
      history: roster.history,
      version: roster.version,
      change: {
        entries: roster.processes,
        histories: [],
        settled: false,
        unreachable: [],
      },
    })
    mkdirSync(path.dirname(this.path), { recursive: true, mode: 0o700 })
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
      return 'damaged' in savedRosterOf(readFileSync(this.path, 'utf8'), this.#node)
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
  const processes = read.change.entries.filter((entry) => entry.node === node)
  return { history: read.history, version: read.version, processes }
}

/** What a process of the last run is taken for until it registers again. */
export function assumedRegistration(entry: RosterEntry): Registration {
  return {
    ...entry,
    state: entry.state === 'leaving' || entry.state === 'ended' ? entry.state : 'alive',
    connections: { processes: 0, outbound: 0, inbound: 0, export: 0 },
    sequences: [],
  }
}
