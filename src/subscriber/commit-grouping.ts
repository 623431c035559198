import { freshList } from '../base/fresh.ts'
import type { BatchMessage, CommitEntry } from '../model/message.ts'
import type { Update } from '../model/update.ts'

/** Where commits stand in the stream of a table: what is here of them, filtered out or not, lies from `first` to `last`. */
interface Span {
  first: number
  last: number
  /** So many updates more, lost before or behind it. */
  missing: number
  /** No more of them than this can be before it: their places in the commit are lower. */
  mostBefore: number
}

/** By table. */
type Spans = ReadonlyMap<string, Readonly<Span>>

/** Whole commits that may be delivered together, or one commit of which a part is lost. */
export class CommitGroup {
  readonly updates: Update[]
  readonly incomplete: boolean
  /** The number of the first of them. */
  readonly commit: number
  readonly spans: Spans

  constructor(updates: Update[], incomplete: boolean, commit = 0, spans: Spans = unknown) {
    this.updates = updates
    this.incomplete = incomplete
    this.commit = commit
    this.spans = spans
  }
}

const unknown: Spans = new Map()

/** What one batch has of the commits of one entry. */
class Piece {
  readonly table: string
  readonly entry: CommitEntry
  /** The sequence of the entry's first update. */
  readonly first: number
  /** How many of the entry's updates, from its first on, are not here: they are delivered or lost. */
  readonly absent: number
  /** How many updates the entry has in its batch. */
  readonly size: number
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
    this.size = sizeOf(entry)
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

  /**
   * `areApart`: whole commits of different entries do not share a group, and each group has its spans, so
   * that a loss can stand in its place between them.
   */
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
  #addRun({ table, first, absent, size, updates, from, to }: Piece, updatesEach: number): void {
    const next = first + Math.ceil(absent / updatesEach) * updatesEach
    let whole = from
    if (absent % updatesEach !== 0) {
      while (whole < to && sequenceOf(updates[whole]) < next) whole++
      this.#add(updates.slice(from, whole), true, () =>
        oneSpan(table, next - updatesEach, next - 1),
      )
    }
    this.#add(updates.slice(whole, to), false, () => oneSpan(table, next, first + size - 1))
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
    this.#add(all, here !== expected, () => spansOf(pieces))
  }

  #add(updates: Update[], incomplete: boolean, spans: () => Spans): void {
    if (updates.length === 0) return
    const open = this.#groups.at(-1)
    if (!open || this.#areApart || incomplete || open.incomplete) {
      const commit = updates[0]?.commit ?? 0
      this.#groups.push(
        new CommitGroup(updates, incomplete, commit, this.#areApart ? spans() : unknown),
      )
    } else for (const update of updates) open.updates.push(update)
  }
}

const oneSpan = (table: string, first: number, last: number): Spans =>
  new Map([[table, { first, last, missing: 0, mostBefore: 0 }]])

function spansOf(pieces: readonly Piece[]): Spans {
  const spans = new Map<string, Span>()
  const taken = placesOf(pieces)
  for (const { table, entry, first, size } of pieces) {
    if (entry.type !== 'part') continue
    const span = spans.get(table) ?? { first: Infinity, last: 0, missing: 0, mostBefore: 0 }
    spans.set(table, span)
    if (first < span.first) {
      const place = entry.places[0] ?? 0
      span.first = first
      // Updates that are here have some of the places before it.
      span.mostBefore = Math.max(0, place - countBelow(place, taken))
    }
    span.last = Math.max(span.last, first + size - 1)
    const updates = entry.tables.find((each) => each.table === table)?.updates ?? 0
    span.missing = Math.max(0, updates - (span.last - span.first + 1))
  }
  return spans
}

/** Those that updates of the pieces have in their commit, ascending. */
function placesOf(pieces: readonly Piece[]): Float64Array {
  const places = pieces.flatMap(({ entry }) => (entry.type === 'part' ? entry.places : []))
  return Float64Array.from(places).sort()
}

/** How many of the ascending numbers are lower than this one: found by halves, since a commit may have many tables. */
function countBelow(limit: number, ascending: Float64Array): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}

const sizeOf = (entry: CommitEntry): number =>
  entry.type === 'run' ? entry.commits * entry.updatesEach : entry.places.length

/** Each update of a batch has one. */
const sequenceOf = (update: Update | undefined): number => update?.sequence ?? 0
