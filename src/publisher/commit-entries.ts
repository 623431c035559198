import type { CommitEntry } from '../model/message.ts'

/** A run that still grows: changed in place, since `publish()` of one update comes by here each time. */
interface OpenRun {
  type: 'run'
  commit: number
  commits: number
  updatesEach: number
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

  addPart(
    commit: number,
    places: readonly number[],
    tables: readonly { readonly table: string; readonly updates: number }[],
  ): void {
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
  readonly #entries: CommitEntry[]

  constructor(table: string, entries: CommitEntry[]) {
    this.#table = table
    this.#entries = [...entries].reverse()
  }

  cut(count: number): CommitEntry[] {
    const pieces: CommitEntry[] = []
    let wanted = count
    while (wanted > 0) {
      const entry = this.#entries.pop()
      if (!entry) throw new Error('broken invariant: commits do not add up to the updates')
      const size = entry.type === 'run' ? entry.commits * entry.updatesEach : entry.places.length
      if (size <= wanted) {
        pieces.push(entry)
        wanted -= size
        continue
      }
      const [now, later] =
        entry.type === 'run' ? this.#splitRun(entry, wanted) : splitPart(entry, wanted)
      this.#entries.push(...later.reverse())
      pieces.push(...now)
      wanted = 0
    }
    return pieces
  }

  #splitRun(
    run: Extract<CommitEntry, { type: 'run' }>,
    wanted: number,
  ): [CommitEntry[], CommitEntry[]] {
    const { commit, commits, updatesEach } = run
    const whole = Math.floor(wanted / updatesEach)
    const rest = wanted - whole * updatesEach
    const now: CommitEntry[] = whole > 0 ? [{ ...run, commits: whole }] : []
    const cutCommit = rest > 0 ? 1 : 0
    const after = commits - whole - cutCommit
    const later: CommitEntry[] =
      after > 0 ? [{ ...run, commit: commit + whole + cutCommit, commits: after }] : []
    if (rest === 0) return [now, later]
    const [head, tail] = splitPart(
      {
        type: 'part',
        commit: commit + whole,
        places: Array.from({ length: updatesEach }, (_, place) => place),
        tables: [{ table: this.#table, updates: updatesEach }],
      },
      rest,
    )
    return [
      [...now, ...head],
      [...tail, ...later],
    ]
  }
}

function splitPart(
  part: Extract<CommitEntry, { type: 'part' }>,
  wanted: number,
): [CommitEntry[], CommitEntry[]] {
  return [
    [{ ...part, places: part.places.slice(0, wanted) }],
    [{ ...part, places: part.places.slice(wanted) }],
  ]
}
