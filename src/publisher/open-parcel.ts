import { didYouMean } from '../base/nearest.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { asTidingsError, TidingsError } from '../base/tidings-error.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { NewChange, NewReset } from '../model/reset.ts'
import type { NewUpdate } from '../model/update.ts'
import { wireLimits } from '../wire/limits.ts'
import type { EncodedRows } from '../wire/rows/encoded-rows.ts'
import { type RowMark, RowWriter } from '../wire/rows/row-writer.ts'
import { ClosedParcel, type ParcelHeader } from './closed-parcel.ts'
import { CommitEntries, type TableUpdates } from './commit-entries.ts'
import { CommitResets } from './commit-resets.ts'
import { TableNames } from './table-names.ts'

interface OpenTable {
  readonly table: string
  readonly writer: RowWriter
  /** Batches that are closed: a reset is one of its own. */
  readonly closed: EncodedRows[]
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
  readonly #names: TableNames
  /** Tables that are new since the last commit that was taken. */
  readonly #unused: string[] = []
  readonly #tables = new Map<string, OpenTable>()
  #touched: OpenTable[] = []
  /** The table of the last update: the next is often of the same. */
  #last: OpenTable | null = null
  #bytes = 0

  /** `names`: of the tables that are known already; what is published is added to them. */
  constructor(identity: PublisherIdentity, maxCommitBytes: number, names = new TableNames()) {
    this.#identity = identity
    this.#maxCommitBytes = maxCommitBytes
    this.#names = names
  }

  /** Close estimate of the encoded bytes. */
  get bytes(): number {
    return this.#bytes
  }

  get tables(): number {
    return this.#touched.length
  }

  get isEmpty(): boolean {
    return this.#touched.length === 0
  }

  /** Adds a commit of one update: the common case, without any bookkeeping by table. Gives its table. */
  addOne(update: NewChange, commit: number): string {
    let table: unknown
    try {
      checkNames(update)
      table = update.table
      const { kind } = update
      if (kind === 'reset') {
        const resets = new CommitResets()
        const open = this.#addReset(resets, update, table)
        this.#close(open, resets)
        open.commits.addWhole(commit, 1)
        this.#touch(open)
        return open.table
      }
      const { record } = update
      const before = optional(update, 'before')
      const version = optional(update, 'version')
      const open = this.#openTable(table)
      this.#bytes += open.writer.appendRow(kind, record, before, version)
      open.commits.addWhole(commit, 1)
      this.#touch(open)
      return open.table
    } catch (reason) {
      this.#forgetUnused()
      throw refused(reason, table, null)
    }
  }

  /**
   * Adds all updates of a commit, or none: what is refused leaves nothing behind. Gives what it has
   * in each table.
   */
  addAll(given: readonly NewChange[], commit: number): readonly TableUpdates[] {
    // A list of our own: a getter may change that of the application while it is read.
    const updates = listOf(given)
    if (updates.length === 0) throw new TidingsError('USAGE', 'a commit needs an update')
    const parts = new Map<string, CommitPart>()
    const resets = new CommitResets()
    try {
      this.#bytes += this.#append(updates, parts, resets)
    } catch (error) {
      for (const { open, mark } of parts.values()) open.writer.rollback(mark)
      this.#forgetUnused()
      throw error
    }
    const tables = [...parts].map(([table, part]) => ({ table, updates: part.updates }))
    for (const { open, places, updates: count } of parts.values()) {
      if (parts.size === 1) open.commits.addWhole(commit, count)
      else open.commits.addPart(commit, places, tables)
      this.#touch(open)
    }
    for (const table of resets.tables) this.#close(this.#openTable(table), resets)
    return tables
  }

  /**
   * Bytes by which the parcel grows. A commit may have 100,000 updates: nothing is made for each. Each
   * part of an update is read once, since a getter may give another one each time.
   */
  #append(
    updates: readonly NewChange[],
    parts: Map<string, CommitPart>,
    resets: CommitResets,
  ): number {
    let grown = 0
    let part: CommitPart | undefined
    let index = 0
    let place = 0
    let table: unknown
    try {
      for (; index < updates.length; index++) {
        table = undefined
        const update = updates[index] as NewChange
        checkNames(update)
        table = update.table
        const { kind } = update
        if (kind === 'reset') {
          this.#addReset(resets, update, table)
          continue
        }
        const { record } = update
        const before = optional(update, 'before')
        const version = optional(update, 'version')
        if (part === undefined || part.open.table !== table)
          part = parts.get(table as string) ?? this.#addPart(updates, table, place, parts)
        grown += part.open.writer.appendRow(kind, record, before, version)
        count(part, parts, place++)
        if (grown > this.#maxCommitBytes) throw this.#tooLarge(grown)
      }
    } catch (reason) {
      throw refused(reason, table, index)
    }
    for (const reset of resets.tables)
      count(parts.get(reset) ?? this.#addPart(updates, reset, place, parts), parts, place++)
    return grown
  }

  /** Takes in what a reset says of its table. */
  #addReset(resets: CommitResets, reset: NewReset, table: unknown): OpenTable {
    const open = this.#openTable(table)
    resets.add(reset, open.table)
    return open
  }

  /** The reset of a commit that was taken follows what the table has: as a batch of its own. */
  #close(open: OpenTable, resets: CommitResets): void {
    const rows = resets.rowsOf(open.table)
    for (const closed of open.writer.take()) open.closed.push(closed)
    open.closed.push(rows)
    this.#bytes += rows.bytes
  }

  /** The first update of a table in a commit stands at this place. */
  #addPart(
    updates: readonly NewChange[],
    table: unknown,
    place: number,
    parts: Map<string, CommitPart>,
  ): CommitPart {
    if (parts.size === maxCommitTables) throw tooManyTables(updates)
    const open = this.#openTable(table)
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
      const batches = [...open.closed.splice(0), ...open.writer.take()]
      const counts = batches.map(({ count }) => count)
      const updates = counts.reduce((sum, count) => sum + count, 0)
      const last = lastNumbered(open.table)
      const commits = open.commits.take(open.table, counts)
      return { table: open.table, first: last - updates + 1, last, batches, commits }
    })
    const bytes = this.#bytes
    this.#touched = []
    this.#bytes = 0
    return new ClosedParcel({ ...header, publisher: this.#identity, bytes }, tables)
  }

  #openTable(table: unknown): OpenTable {
    if (this.#last !== null && this.#last.table === table) return this.#last
    let open = this.#tables.get(table as string)
    if (!open) {
      const isNew = !this.#names.has(table as string)
      this.#names.add(table)
      const name = table as string
      open = {
        table: name,
        writer: new RowWriter(),
        closed: [],
        commits: new CommitEntries(),
        touched: false,
      }
      this.#tables.set(name, open)
      if (isNew) this.#unused.push(name)
    }
    this.#last = open
    return open
  }

  /** A commit was refused: the tables that it was the first to name have not been published. */
  #forgetUnused(): void {
    for (const table of this.#unused) {
      this.#tables.delete(table)
      this.#names.remove(table)
      this.#last = null
    }
    this.#unused.length = 0
  }

  #touch(open: OpenTable): void {
    if (open.touched) return
    this.#unused.length = 0
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

/** One more update or reset of a commit is in this table, the last of it so far. */
function count(part: CommitPart, parts: ReadonlyMap<string, CommitPart>, place: number): void {
  part.updates++
  if (parts.size > 1) part.places.push(place)
}

/** A manifest names all tables of a parcel: half of one is left for the commit that comes last. */
export const maxCommitTables = wireLimits.maxManifestTables / 2

const updateNames = ['table', 'kind', 'record', 'before', 'version']

/** A name that nobody looks at would be a part of the update that silently does not travel. */
function checkNames(update: NewChange): void {
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
        // What somebody has put on Object.prototype is no field of it.
        if (!Object.hasOwn(update, name)) continue
        if ((name === 'reason' || name === 'keys') && update.kind === 'reset') continue
        throw new TidingsError(
          'USAGE',
          `an update has no field "${name}"${didYouMean(name, updateNames) || `; it has ${updateNames.join(', ')}`}`,
        )
    }
  }
}

/** The same of parts that may be missing. */
function optional<Name extends 'before' | 'version'>(
  update: NewChange,
  name: Name,
): NewUpdate[Name] {
  const value = (update as NewUpdate)[name]
  if (value === undefined || !(name in Object.prototype) || Object.hasOwn(update, name))
    return value
  return undefined
}

/** Reading the list runs code of the application where it is a Proxy or has getters. */
function listOf(given: readonly NewChange[]): NewChange[] {
  try {
    return [...given]
  } catch (reason) {
    throw refused(reason, undefined, null)
  }
}

/** Which update it is that was refused: its place in the list, and its table. */
function refused(reason: unknown, table: unknown, place: number | null): TidingsError {
  const error =
    asTidingsError(reason) ??
    new TidingsError('VALUE_UNSUPPORTED', `it cannot be read: ${messageOf(reason)}`, {
      cause: reason,
    })
  const name = typeof table === 'string' && table !== '' ? table : null
  if (place === null) return name === null ? error : error.at(`an update of ${name}`)
  return error.at(name === null ? `updates[${place}]` : `updates[${place}] of ${name}`)
}

const messageOf = (reason: unknown): string =>
  reason instanceof Error ? reason.message : String(reason)

function tooManyTables(updates: readonly NewChange[]): TidingsError {
  const tables = new Set(updates.map((update: NewChange | null) => update?.table)).size
  return new TidingsError(
    'LIMIT_EXCEEDED',
    `the commit touches ${tables} tables, the limit is ${maxCommitTables} (maxCommitTables)`,
  )
}
