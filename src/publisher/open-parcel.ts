import { didYouMean } from '../base/nearest.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { OutgoingBatch } from '../model/message.ts'
import { encodeTableName, maxTableNameBytes } from '../model/topic.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { NewUpdate } from '../model/update.ts'
import { wireLimits } from '../wire/limits.ts'
import { encodeBatch } from '../wire/message-codec.ts'
import { type RowMark, RowWriter } from '../wire/row-writer.ts'
import { CommitEntries } from './commit-entries.ts'

interface OpenTable {
  readonly table: string
  readonly writer: RowWriter
  readonly commits: CommitEntries
  /** True while the parcel holds updates of this table. */
  touched: boolean
}

/** The commits of one turn of the event loop, encoded as they are published. */
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

  /** Adds all updates of a commit, or none: what is refused leaves nothing behind. */
  addAll(updates: readonly NewUpdate[], commit: number): void {
    const parts = new Map<OpenTable, { mark: RowMark; places: number[] }>()
    checkTableCount(updates)
    let grown = 0
    try {
      updates.forEach((update, place) => {
        checkNames(update)
        const open = this.#openTable(update.table)
        let part = parts.get(open)
        if (!part) parts.set(open, (part = { mark: open.writer.mark(), places: [] }))
        grown += open.writer.append(update)
        part.places.push(place)
        if (grown > this.#maxCommitBytes) throw this.#tooLarge(grown)
      })
    } catch (error) {
      for (const [open, { mark }] of parts) open.writer.rollback(mark)
      throw error
    }
    this.bytes += grown
    const tables = [...parts].map(([open, { places }]) => ({
      table: open.table,
      updates: places.length,
    }))
    for (const [open, { places }] of parts) {
      if (parts.size === 1) open.commits.addWhole(commit, places.length)
      else open.commits.addPart(commit, places, tables)
      this.#touch(open)
    }
  }

  /** Closes the parcel: its batches in order, numbered on from `lastClosed` of each table. */
  close(
    parcel: number,
    publishedAt: number,
    lastClosed: (table: string) => number,
  ): OutgoingBatch[] {
    const closed = this.#touched.map((open) => {
      open.touched = false
      const segments = open.writer.take()
      const counts = segments.map((segment) => segment.count)
      const commits = open.commits.take(open.table, counts)
      const first = lastClosed(open.table) + 1
      const count = counts.reduce((sum, each) => sum + each, 0)
      return { table: open.table, segments, commits, first, last: first + count - 1 }
    })
    this.#touched = []
    this.bytes = 0
    const manifest = closed.map(({ table, last }) => ({ table, last }))
    return closed.flatMap(({ table, segments, commits, first }) => {
      let next = first
      return segments.map((rows, index) => {
        const header = {
          publisher: this.#identity,
          table,
          first: next,
          count: rows.count,
          parcel,
          manifest,
          commits: commits[index] ?? [],
          publishedAt,
        }
        next += rows.count
        return encodeBatch(header, rows)
      })
    })
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

function checkTableCount(updates: readonly NewUpdate[]): void {
  if (updates.length <= maxCommitTables) return
  const tables = new Set(updates.map((update: NewUpdate | null) => update?.table)).size
  if (tables > maxCommitTables)
    throw new TidingsError(
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
  if (encodeTableName(table).length > maxTableNameBytes)
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `the table name ${JSON.stringify(table.slice(0, 40))}… has more than ${maxTableNameBytes} bytes (maxTableNameBytes, after percent-encoding)`,
    )
}
