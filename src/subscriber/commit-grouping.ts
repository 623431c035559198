import { freshList } from '../base/fresh.ts'
import type { BatchMessage, CommitEntry } from '../model/message.ts'
import type { Update } from '../model/update.ts'

/** Whole commits that may be delivered together, or one commit of which a part is lost. */
export class CommitGroup {
  readonly updates: Update[]
  readonly incomplete: boolean
  /** Tables of which an incomplete commit lacks updates. */
  readonly lacks: ReadonlySet<string>

  constructor(updates: Update[], lacks: ReadonlySet<string> = nothing) {
    this.updates = updates
    this.incomplete = lacks.size > 0
    this.lacks = lacks
  }

  /** The last sequence below `sequence` that it has of a table; null: there is none. */
  lastBefore(table: string | null, sequence: number): number | null {
    let last: number | null = null
    for (const update of this.updates)
      if (update.table === table && sequenceOf(update) < sequence)
        last = Math.max(last ?? 0, sequenceOf(update))
    return last
  }
}

/** What one batch has of the commits of one entry. */
class Piece {
  readonly table: string
  readonly entry: CommitEntry
  /** The sequence of the entry's first update. */
  readonly first: number
  /** How many of the entry's updates, from its first on, are not here: they are delivered or lost. */
  readonly absent: number
  /** Of a batch: the entry's own stand from `from` to `to` − 1. */
  readonly updates: readonly Update[]
  readonly from: number
  readonly to: number

  constructor(
    table: string,
    entry: CommitEntry,
    first: number,
    absent: number,
    updates: readonly Update[],
    from: number,
    to: number,
  ) {
    this.table = table
    this.entry = entry
    this.first = first
    this.absent = absent
    this.updates = updates
    this.from = from
    this.to = to
  }
}

/**
 * Puts the batches of one parcel together again: the updates of each commit in the order of its
 * `publish()` call, the commits in theirs. A commit that lacks an update of a wanted table stands
 * in a group of its own.
 */
export class CommitGrouping {
  readonly #wants: (table: string) => boolean
  readonly #areApart: boolean
  readonly #pieces: Piece[] = []
  #groups: CommitGroup[] = []

  /** `areApart`: whole commits of different entries do not share a group, so that a loss can stand between any two. */
  constructor(wants: (table: string) => boolean, areApart = false) {
    this.#wants = wants
    this.#areApart = areApart
  }

  /** Adds the updates of a batch from index `skip` on. */
  add(batch: BatchMessage, skip: number, updates: readonly Update[]): void {
    let index = 0
    let to = 0
    for (const entry of batch.commits) {
      const from = to
      const end = index + sizeOf(entry)
      while (to < updates.length && sequenceOf(updates[to]) < batch.first + end) to++
      const absent = Math.max(0, skip - index)
      if (end > skip)
        this.#pieces.push(
          new Piece(batch.table, entry, batch.first + index, absent, updates, from, to),
        )
      index = end
    }
  }

  /** Takes what was added since the last time. */
  groups(): CommitGroup[] {
    this.#pieces.sort((a, b) => a.entry.commit - b.entry.commit)
    this.#groups = freshList<CommitGroup>()
    for (let at = 0; at < this.#pieces.length;) {
      const piece = this.#pieces[at] as Piece
      const end = piece.entry.type === 'run' ? at + 1 : this.#endOfCommit(at)
      if (piece.entry.type === 'run') this.#addRun(piece, piece.entry.updatesEach)
      else this.#addCommit(this.#pieces.slice(at, end))
      at = end
    }
    this.#pieces.length = 0
    return this.#groups
  }

  #endOfCommit(from: number): number {
    const commit = this.#pieces[from]?.entry.commit
    let end = from + 1
    while (this.#pieces[end]?.entry.commit === commit) end++
    return end
  }

  /** Commits of `updatesEach` updates each, all of one batch: only the first can lack some. */
  #addRun({ table, first, absent, updates, from, to }: Piece, updatesEach: number): void {
    let whole = from
    if (absent % updatesEach !== 0) {
      const next = first + Math.ceil(absent / updatesEach) * updatesEach
      while (whole < to && sequenceOf(updates[whole]) < next) whole++
      this.#add(updates.slice(from, whole), new Set([table]))
    }
    this.#add(updates.slice(whole, to))
  }

  /** All pieces of one commit. */
  #addCommit(pieces: readonly Piece[]): void {
    let here = 0
    let expected = 0
    const byPlace = freshList<Update>()
    const rest = freshList<Update>()
    for (const { entry, first, absent, updates, from, to } of pieces) {
      if (entry.type !== 'part') continue
      expected = 0
      for (const { table, updates: count } of entry.tables)
        if (this.#wants(table)) expected += count
      here += entry.places.length - absent
      for (let at = from; at < to; at++) {
        const update = updates[at] as Update
        const place = entry.places[sequenceOf(update) - first] as number
        // Two tables that claim one place contradict each other: neither may be left out for it.
        if (byPlace[place]) rest.push(update)
        else byPlace[place] = update
      }
    }
    const all = Object.values(byPlace).concat(rest)
    this.#add(all, here === expected ? nothing : this.#lacking(pieces))
  }

  /** The tables of which a commit that is not whole has not what it says. */
  #lacking(pieces: readonly Piece[]): Set<string> {
    const owed = new Map<string, number>()
    const last = pieces.at(-1)?.entry
    if (last?.type === 'part')
      for (const { table, updates } of last.tables) owed.set(table, updates)
    for (const { table, entry, absent } of pieces)
      if (entry.type === 'part')
        owed.set(table, (owed.get(table) ?? 0) - (entry.places.length - absent))
    const tables = [...owed].filter(([table, updates]) => updates !== 0 && this.#wants(table))
    return new Set(tables.map(([table]) => table))
  }

  #add(updates: Update[], lacks: ReadonlySet<string> = nothing): void {
    if (updates.length === 0) return
    const open = this.#groups.at(-1)
    if (!open || this.#areApart || lacks.size > 0 || open.incomplete)
      this.#groups.push(new CommitGroup(updates, lacks))
    else for (const update of updates) open.updates.push(update)
  }
}

const nothing: ReadonlySet<string> = new Set()

const sizeOf = (entry: CommitEntry): number =>
  entry.type === 'run' ? entry.commits * entry.updatesEach : entry.places.length

/** Updates of batches have one; only those of foreign publishers do not. */
const sequenceOf = (update: Update | undefined): number => update?.sequence ?? 0
