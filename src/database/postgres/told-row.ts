import type { UpdateKind } from '../../model/update.ts'
import { queueTable } from '../changed-table.ts'
import { parsePosition } from '../log-position.ts'
import type { PgNotice, ValueReader } from './pg-parts.ts'
import { recordValues } from './record-text.ts'

/** A table as the trigger told it with its first change in a transaction. */
export interface ToldRelation {
  /** What it is called in the queue. */
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly type: number }[]
}

/** A change of a row as it was told: its values are texts until they are needed. */
export interface ToldRow {
  readonly kind: UpdateKind
  readonly relation: ToldRelation
  /** The row after it; of a delete, before it. */
  readonly row: string
  readonly before: string | null
  /** In the write-ahead log. */
  readonly position: bigint
}

const kinds: Readonly<Record<string, UpdateKind>> = {
  INSERT: 'insert',
  UPDATE: 'modify',
  DELETE: 'delete',
}

/** By what was told, which is the same in each transaction until the table is altered. */
const known = new Map<string, ToldRelation>()
/** Of so many it begins anew: it is there to save work. */
const mostKnown = 10_000

export function relationOf(text: string): ToldRelation {
  const there = known.get(text)
  if (there) return there
  const [schema, name, columns] = JSON.parse(text) as [string, string, [string, number][] | null]
  const relation = {
    table: queueTable(schema, name),
    columns: (columns ?? []).map(([column, type]) => ({ name: column, type })),
  }
  if (known.size >= mostKnown) known.clear()
  known.set(text, relation)
  return relation
}

/** Null: it was told in a way that this version does not know. */
export function toldRow(notice: PgNotice, relation: ToldRelation): ToldRow | null {
  const kind = kinds[notice.message ?? '']
  const { detail, hint, constraint } = notice
  if (!kind || detail === undefined || constraint === undefined) return null
  const before = kind === 'modify' ? (hint ?? null) : null
  return { kind, relation, row: detail, before, position: parsePosition(constraint) }
}

/** The row as a SELECT gives it; null: it has not the columns that were told. */
export function recordOf(
  text: string,
  { columns }: ToldRelation,
  readerOf: (type: number) => ValueReader,
): Record<string, unknown> | null {
  const values = recordValues(text)
  if (values?.length !== Math.max(columns.length, 1)) return null
  const record: Record<string, unknown> = {}
  for (const [index, { name, type }] of columns.entries()) {
    const value = values[index]
    record[name] = typeof value === 'string' ? readerOf(type)(value) : null
  }
  return record
}
