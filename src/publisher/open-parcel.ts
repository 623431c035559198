import { didYouMean } from '../base/nearest.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { checkTableNameLength } from '../model/topic.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { NewUpdate } from '../model/update.ts'
import { wireLimits } from '../wire/limits.ts'
import { type RowMark, RowWriter } from '../wire/row-writer.ts'
import { ClosedParcel, type ParcelHeader } from './closed-parcel.ts'
import { CommitEntries, type TableUpdates } from './commit-entries.ts'

interface OpenTable {
  readonly table: string
  readonly writer: RowWriter
  readonly commits: CommitEntries
  /** True while the parcel holds updates of this table. */
  touched: boolean
}

/** What a commit has in one table. */
interface CommitPart {
  readonly open: OpenTable
  readonly mark: RowMark
  updates: number
  /** Places of its updates in the commit; empty while all are of this table. */
  places: number[]
}

/** Commits that leave together, encoded as they are published. */
export class OpenParcel {
  readonly #identity: PublisherIdentity
  readonly #maxCommitBytes: number
  readonly #tables = new Map<string, OpenTable>()
  #touched: OpenTable[] = []
  /** The table of the last update: the next is often of the same. */
  #last: OpenTable | null = null
  /** Close estimate of the encoded bytes. */
  bytes = 0

  constructor(identity: PublisherIdentity, maxCommitBytes: number) {
    this.#identity = identity
    this.#maxCommitBytes = maxCommitBytes
  }

  get tables(): number {
    return this.#touched.length
  }

  get isEmpty(): boolean {
    return this.#touched.length === 0
  }

  /** Adds a commit of one update: the common case, without any bookkeeping by table. */
  addOne(update: NewUpdate, commit: number): void {
    checkNames(update)
    const open = this.#openTable(update.table)
    this.bytes += open.writer.append(update)
    open.commits.addWhole(commit, 1)
    this.#touch(open)
  }

  /**
   * Adds all updates of a commit, or none: what is refused leaves nothing behind. Gives what it has
   * in each table.
   */
  addAll(updates: readonly NewUpdate[], commit: number): Iterable<TableUpdates> {
    const parts = new Map<string, CommitPart>()
    try {
      this.bytes += this.#append(updates, parts)
    } catch (error) {
      for (const { open, mark } of parts.values()) open.writer.rollback(mark)
      throw error
    }
    const tables = [...parts].map(([table, part]) => ({ table, updates: part.updates }))
    for (const { open, places, updates: count } of parts.values()) {
      if (parts.size === 1) open.commits.addWhole(commit, count)
      else open.commits.addPart(commit, places, tables)
      this.#touch(open)
    }
    return tables
  }

  /** Bytes by which the parcel grows. A commit may have 100,000 updates: nothing is made for each. */
  #append(updates: readonly NewUpdate[], parts: Map<string, CommitPart>): number {
    let grown = 0
    let part: CommitPart | undefined
    for (let place = 0; place < updates.length; place++) {
      const update = updates[place] as NewUpdate
      checkNames(update)
      if (part === undefined || part.open.table !== update.table)
        part = parts.get(update.table) ?? this.#addPart(updates, place, parts)
      grown += part.open.writer.append(update)
      part.updates++
      if (parts.size > 1) part.places.push(place)
      if (grown > this.#maxCommitBytes) throw this.#tooLarge(grown)
    }
    return grown
  }

  /** The first update of a table in a commit stands at this place. */
  #addPart(
    updates: readonly NewUpdate[],
    place: number,
    parts: Map<string, CommitPart>,
  ): CommitPart {
    if (parts.size === maxCommitTables) throw tooManyTables(updates)
    const open = this.#openTable((updates[place] as NewUpdate).table)
    const part = { open, mark: open.writer.mark(), updates: 0, places: [] }
    const [first] = parts.values()
    if (first && parts.size === 1) first.places = Array.from({ length: place }, (_, n) => n)
    parts.set(open.table, part)
    return part
  }

  /** Closes it. `lastNumbered`: the last sequence given in a table, which is that of its last update. */
  close(
    header: Omit<ParcelHeader, 'publisher' | 'bytes'>,
    lastNumbered: (table: string) => number,
  ): ClosedParcel {
    const tables = this.#touched.map((open) => {
      open.touched = false
      const batches = open.writer.take()
      const counts = batches.map(({ count }) => count)
      const updates = counts.reduce((sum, count) => sum + count, 0)
      const last = lastNumbered(open.table)
      const commits = open.commits.take(open.table, counts)
      return { table: open.table, first: last - updates + 1, last, batches, commits }
    })
    const { bytes } = this
    this.#touched = []
    this.bytes = 0
    return new ClosedParcel({ ...header, publisher: this.#identity, bytes }, tables)
  }

  #openTable(table: string): OpenTable {
    if (this.#last !== null && this.#last.table === table) return this.#last
    let open = this.#tables.get(table)
    if (!open) {
      checkTableName(table)
      open = { table, writer: new RowWriter(), commits: new CommitEntries(), touched: false }
      this.#tables.set(table, open)
    }
    this.#last = open
    return open
  }

  #touch(open: OpenTable): void {
    if (open.touched) return
    open.touched = true
    this.#touched.push(open)
  }

  #tooLarge(bytes: number): TidingsError {
    return new TidingsError(
      'COMMIT_TOO_LARGE',
      `the commit has at least ${bytes} bytes, the limit is ${this.#maxCommitBytes} (maxCommitBytes): publish it in several commits`,
    )
  }
}

/** A manifest names all tables of a parcel: half of one is left for the commit that comes last. */
export const maxCommitTables = wireLimits.maxManifestTables / 2

const updateNames = ['table', 'kind', 'record', 'before', 'version']

/** A name that nobody looks at would be a part of the update that silently does not travel. */
function checkNames(update: NewUpdate): void {
  if (!isPlainObject(update))
    throw new TidingsError(
      'USAGE',
      `publish() takes an update, e.g. { table: 'TRADE', kind: 'insert', record: { … } }, or a list of them, got ${shown(update)}`,
    )
  for (const name in update) {
    switch (name) {
      case 'table':
      case 'kind':
      case 'record':
      case 'before':
      case 'version':
        continue
      default:
        throw new TidingsError(
          'USAGE',
          `an update has no field "${name}"${didYouMean(name, updateNames) || `; it has ${updateNames.join(', ')}`}`,
        )
    }
  }
}

function tooManyTables(updates: readonly NewUpdate[]): TidingsError {
  const tables = new Set(updates.map((update: NewUpdate | null) => update?.table)).size
  return new TidingsError(
    'LIMIT_EXCEEDED',
    `the commit touches ${tables} tables, the limit is ${maxCommitTables} (maxCommitTables)`,
  )
}

function checkTableName(table: unknown): void {
  if (typeof table !== 'string' || table === '')
    throw new TidingsError(
      'USAGE',
      `an update needs a table: a string that is not empty, got ${shown(table)}`,
    )
  checkTableNameLength(table)
}
