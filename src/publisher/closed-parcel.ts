import type { CommitEntry, OutgoingBatch } from '../model/message.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { EncodedRows } from '../wire/encoded-rows.ts'
import { encodeBatch } from '../wire/message-codec.ts'

/** A parcel that takes no more, with the numbers of its updates. */
export interface ClosedParcel {
  readonly publisher: PublisherIdentity
  readonly parcel: number
  /** Milliseconds since the epoch. */
  readonly publishedAt: number
  readonly tables: readonly ClosedTable[]
}

interface ClosedTable {
  readonly table: string
  readonly first: number
  readonly last: number
  /** Each becomes a message. */
  readonly batches: readonly EncodedRows[]
  /** Of each batch. */
  readonly commits: readonly (readonly CommitEntry[])[]
}

/** The messages of a parcel in order, each encoded when it is asked for: a large commit has many. */
export function* encodeParcel({
  publisher,
  parcel,
  publishedAt,
  tables,
}: ClosedParcel): Generator<OutgoingBatch, void> {
  const manifest = tables.map(({ table, last }) => ({ table, last }))
  for (const { table, first, batches, commits } of tables) {
    let next = first
    for (const [index, rows] of batches.entries()) {
      const { count } = rows
      const ofBatch = commits[index] ?? []
      const header = {
        publisher,
        table,
        first: next,
        count,
        parcel,
        manifest,
        commits: ofBatch,
        publishedAt,
      }
      next += count
      yield encodeBatch(header, rows)
    }
  }
}
