import type { CommitEntry } from '../model/message.ts'

/** A run that still grows: changed in place, since `publish()` of one update comes by here each time. */
interface OpenRun {
  type: 'run'
  commit: number
  commits: number
  updatesEach: number
}

/** How many updates something has in a table. */
export interface TableUpdates {
  readonly table: string
  readonly updates: number
}

/** Collects, for one table of an open parcel, which updates belong to which commit. */
export class CommitEntries {
  #entries: CommitEntry[] = []
  #openRun: OpenRun | null = null

  /** A commit all of whose updates are in this table. */
  addWhole(commit: number, updates: number): void {
    const run = this.#openRun
    if (run && run.updatesEach === updates && run.commit + run.commits === commit) run.commits++
    else {
      this.#openRun = { type: 'run', commit, commits: 1, updatesEach: updates }
      this.#entries.push(this.#openRun)
    }
  }

  addPart(commit: number, places: readonly number[], tables: readonly TableUpdates[]): void {
    this.#openRun = null
    this.#entries.push({ type: 'part', commit, places, tables })
  }

  /** The entries for consecutive batches of `counts` updates; empties this. */
  take(table: string, counts: readonly number[]): CommitEntry[][] {
    const entries = this.#entries
    this.#entries = []
    this.#openRun = null
    if (counts.length === 1) return [entries]
    const cutter = new EntryCutter(table, entries)
    return counts.map((count) => cutter.cut(count))
  }
}

/** Hands out the commits of a run of updates piece by piece; a commit cut in two becomes parts. */
class EntryCutter {
  readonly #table: string
  readonly #entries: readonly CommitEntry[]
  /** The entry to go on with, and how many of its updates were handed out. */
  #at = 0
  #taken = 0

  constructor(table: string, entries: readonly CommitEntry[]) {
    this.#table = table
    this.#entries = entries
  }

  cut(count: number): CommitEntry[] {
    const pieces: CommitEntry[] = []
    let wanted = count
    while (wanted > 0) {
      const entry = this.#entries[this.#at]
      if (!entry) throw new Error('broken invariant: commits do not add up to the updates')
      const size = entry.type === 'run' ? entry.commits * entry.updatesEach : entry.places.length
      const end = Math.min(size, this.#taken + wanted)
      pieces.push(...this.#piece(entry, this.#taken, end))
      wanted -= end - this.#taken
      this.#taken = end
      if (end < size) continue
      this.#at++
      this.#taken = 0
    }
    return pieces
  }

  /** The updates `from` … `end` - 1 of an entry. */
  #piece(entry: CommitEntry, from: number, end: number): CommitEntry[] {
    if (entry.type === 'part') return [{ ...entry, places: entry.places.slice(from, end) }]
    const each = entry.updatesEach
    const [firstWhole, endWhole] = [Math.ceil(from / each), Math.floor(end / each)]
    const part = (nth: number, begin: number, before: number): CommitEntry => ({
      type: 'part',
      commit: entry.commit + nth,
      places: Array.from({ length: before - begin }, (_, n) => begin - nth * each + n),
      tables: [{ table: this.#table, updates: each }],
    })
    if (firstWhole > endWhole) return [part(endWhole, from, end)]
    const pieces: CommitEntry[] = []
    if (from < firstWhole * each) pieces.push(part(firstWhole - 1, from, firstWhole * each))
    if (firstWhole < endWhole)
      pieces.push({ ...entry, commit: entry.commit + firstWhole, commits: endWhole - firstWhole })
    if (endWhole * each < end) pieces.push(part(endWhole, endWhole * each, end))
    return pieces
  }
}
