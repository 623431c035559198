import type { NewUpdate } from '../../model/update.ts'
import { type ChangesetRow, type ChangesetValue, readChangeset } from './changeset-reader.ts'
import { type PlainCalls, quoted } from './plain-calls.ts'
import type { RowValue, RowValues } from './row-values.ts'
import { mainTable, type TableShape } from './table-shape.ts'

/**
 * The changes of a transaction that is about to be committed, one for each row, out of the changeset of its session: that has of
 * a changed row only what has changed, so the rest is read. Behind the COMMIT it would be too late, as another
 * process may change the row between the two.
 */
export function rowChanges(
  calls: PlainCalls,
  changeset: Uint8Array,
  tables: ReadonlyMap<string, TableShape>,
  versions: ReadonlyMap<string, bigint>,
  values: RowValues,
): NewUpdate[] {
  const updates: NewUpdate[] = []
  for (const row of readChangeset(changeset)) {
    const shape = tables.get(row.table)
    const version = versions.get(row.table)
    if (shape && version !== undefined)
      updates.push({ table: row.table, version, ...changeOf(calls, row, shape, values) })
  }
  return updates
}

function changeOf(
  calls: PlainCalls,
  { kind, before, after }: ChangesetRow,
  shape: TableShape,
  values: RowValues,
): Pick<NewUpdate, 'kind' | 'record' | 'before'> {
  // What was deleted is whole, but for generated columns: of these nobody knows any more what they were.
  if (kind === 'delete') return { kind, record: values.recordOf(shape.stored, before ?? []) }
  if (kind === 'insert' && shape.stored.length === shape.columns.length)
    return { kind, record: values.recordOf(shape.stored, after ?? []) }
  const record = readRow(calls, shape, (kind === 'insert' ? after : before) ?? [], values)
  if (kind === 'insert') return { kind, record }
  const changed = values.recordOf(shape.stored, before ?? [])
  const rest = Object.fromEntries(shape.stored.map((name) => [name, record[name] ?? null]))
  return { kind, record, before: { ...rest, ...changed } }
}

function readRow(
  calls: PlainCalls,
  shape: TableShape,
  row: readonly ChangesetValue[],
  values: RowValues,
): Record<string, RowValue> {
  const where = shape.key.map((name) => `${quoted(name)} = ?`).join(' AND ')
  const columns = shape.columns.map(quoted).join(', ')
  const key = shape.key.map((name) => row[shape.stored.indexOf(name)] ?? null)
  const found = calls
    .statement(`SELECT ${columns} FROM ${mainTable(shape.name)} WHERE ${where}`)
    .get(...key)
  if (!found) throw new Error(`a row of ${shape.name} that was changed is not there`)
  return values.record(found)
}
