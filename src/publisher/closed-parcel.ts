import type { CommitEntry, OutgoingBatch, TableSequence } from '../model/message.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { EncodedRows } from '../wire/rows/encoded-rows.ts'
import { encodeBatch } from '../wire/frames/message-codec.ts'
import { UnpublishedRows } from '../wire/frames/unpublished-rows.ts'

/** What a parcel has of one table. */
interface ClosedTable {
  readonly table: string
  readonly first: number
  readonly last: number
  /** Each becomes a message. */
  readonly batches: readonly EncodedRows[]
  /** Of each batch. */
  readonly commits: readonly (readonly CommitEntry[])[]
}

export interface ParcelHeader {
  readonly publisher: PublisherIdentity
  readonly parcel: number
  /** Milliseconds since the epoch. */
  readonly publishedAt: number
  /** Monotonic milliseconds: of all its messages alike, so that no time lies in the middle of a commit. */
  readonly closedAt: number
  /** Close to the bytes of all its messages. */
  readonly bytes: number
  readonly foreign?: boolean
}

interface UnsentBatch {
  readonly table: string
  readonly first: number
  readonly rows: EncodedRows
  readonly commits: readonly CommitEntry[]
}

/** A parcel that takes no more commits. Its messages are encoded one by one: a large commit has many. */
export class ClosedParcel {
  readonly closedAt: number
  readonly bytes: number
  readonly tables: readonly string[]
  readonly #header: ParcelHeader
  readonly #manifest: readonly TableSequence[]
  readonly #waiting: readonly UnsentBatch[]
  #taken = 0

  constructor(header: ParcelHeader, tables: readonly ClosedTable[]) {
    this.#header = header
    this.closedAt = header.closedAt
    this.bytes = header.bytes
    this.tables = tables.map(({ table }) => table)
    this.#manifest = tables.map(({ table, last }) => ({ table, last }))
    this.#waiting = inTurns(tables)
  }

  /** Some of its messages were taken, others were not. */
  get isHalfSent(): boolean {
    return this.#taken > 0 && !this.isSent
  }

  get isSent(): boolean {
    return this.#taken === this.#waiting.length
  }

  /** The next message. */
  next(): OutgoingBatch {
    const { table, first, rows, commits } = this.#waiting[this.#taken] as UnsentBatch
    const { publisher, parcel, publishedAt, foreign } = this.#header
    const { unpublished, reset } = rows
    const batch = encodeBatch(
      {
        publisher,
        table,
        first,
        count: rows.count,
        parcel,
        manifest: this.#manifest,
        commits,
        publishedAt,
        foreign,
        unpublished,
        reset,
      },
      rows,
    )
    this.#taken++
    return batch
  }
}

/** A parcel of `count` commits of one update each that have numbers and nothing else. */
export function unpublishedParcel(
  header: Omit<ParcelHeader, 'bytes'>,
  { table, last, count }: { readonly table: string; readonly last: number; readonly count: number },
  firstCommit: number,
  why: string,
): ClosedParcel {
  const run = { type: 'run', commit: firstCommit, commits: count, updatesEach: 1 } as const
  const batches = [new UnpublishedRows(count, why)]
  return new ClosedParcel({ ...header, bytes: why.length }, [
    { table, first: last - count + 1, last, batches, commits: [[run]] },
  ])
}

/** The tables by turns: who hears one of them go on does not take the others for missing. */
function inTurns(tables: readonly ClosedTable[]): UnsentBatch[] {
  const most = Math.max(...tables.map(({ batches }) => batches.length))
  const next = tables.map(({ first }) => first)
  const waiting: UnsentBatch[] = []
  for (let nth = 0; nth < most; nth++)
    for (const [place, { table, batches, commits }] of tables.entries()) {
      const rows = batches[nth]
      if (!rows) continue
      const first = next[place] as number
      next[place] = first + rows.count
      waiting.push({ table, first, rows, commits: commits[nth] ?? [] })
    }
  return waiting
}
