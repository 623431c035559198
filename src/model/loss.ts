import type { PublisherIdentity } from './publisher-identity.ts'

/** Why a range of a stream will never come. The list is closed. */
export const lossReasons = [
  /** The publisher no longer retains it. */
  'evicted',
  /** The publisher ended, or has not been heard of for too long. */
  'gone',
  /** It was published before this subscriber knew the publisher. */
  'unknown-publisher',
  /** The publisher left in good order before the range could be repaired. */
  'ended',
  /** GENESIS_CLUSTER began anew without its file, or could not keep it: publishers may have come and gone unseen. */
  'roster-lost',
  /** It arrived whole and cannot be read: the rows of a batch, or what a foreign program published. */
  'malformed',
  /** Foreign programs published faster than the intake of their node could take it, or its connection ended. */
  'foreign-overrun',
  /** The publisher cannot tell what changed: it says so in the place of its updates, and why as `text`. */
  'reset',
] as const

export type LossReason = (typeof lossReasons)[number]

/** Fields that tell some records of a table from all others, with their values. */
export type RecordKey = Readonly<Record<string, unknown>>

/** Updates that were published and will not be delivered to this subscription. */
export interface Loss<Table extends string = string> {
  /** null: any table of the subscription. */
  readonly table: Table | null
  /** null: publishers unknown. */
  readonly publisher: PublisherIdentity | null
  /** First sequence lost; null: unknown beginning. */
  readonly from: number | null
  /** Last sequence lost; null: open end, until a loss with `ends` closes it. */
  readonly to: number | null
  readonly reason: LossReason
  /** Of a reset: why, in the words of its publisher. */
  readonly text?: string
  /**
   * Of a reset: what changed are records that have all the fields of one of these. Absent: it may be any
   * record of the table.
   */
  readonly keys?: readonly RecordKey[]
  /** The end of a loss reported open before; `to` = `from` − 1: nothing was lost after all. */
  readonly ends?: true
}
