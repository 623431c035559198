import { TidingsError } from '../../base/tidings-error.ts'
import type { CatalogName } from '../changed-table.ts'
import type { ControlConnection } from './control-connection.ts'

/** What the catalog of the database says of a table. */
export interface TableEntry extends CatalogName {
  readonly oid: number
  /** How the stream tells its rows apart: `pg_class.relreplident`. */
  readonly identity: 'd' | 'i' | 'f' | 'n'
  /** Columns of its primary key. */
  readonly primaryKey: readonly string[]
  /** Columns that are computed: the stream does not have them. */
  readonly generated: readonly string[]
  /** Columns whose values may be so large that they are kept aside (TOASTed). */
  readonly large: readonly string[]
  /** Tables, itself or partitions of it, of which an UPDATE fails once they are published. */
  readonly withoutIdentity: readonly string[]
  /** Our role may publish it. */
  readonly isOwned: boolean
  /** Another text after each change of its columns, its identity, or its partitions. */
  readonly shape: string
}

/**
 * `$1`: oids of tables. Partitions are those that hold rows; an index that identifies rows is looked for by its flag. The file of a
 * partition is another one after a TRUNCATE of it alone, which the stream does not have.
 */
const entriesOf = `
select c.oid::int8::text as oid, n.nspname as schema, c.relname as name, c.relreplident as identity,
  array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
    where i.indrelid = c.oid and i.indisprimary order by a.attnum) as "primaryKey",
  array(select a.attname::text from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> '' order by a.attnum) as generated,
  array(select a.attname::text from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attstorage in ('e', 'x', 'm') and a.attlen = -1
    order by a.attnum) as large,
  array(select l.oid::regclass::text from pg_class l
    where (l.oid = c.oid or l.oid in (select relid from pg_partition_tree(c.oid))) and l.relkind = 'r' and (
      l.relreplident = 'n' or
      l.relreplident = 'd' and not exists (select from pg_index i where i.indrelid = l.oid and i.indisprimary) or
      l.relreplident = 'i' and not exists (select from pg_index i where i.indrelid = l.oid and i.indisreplident))
    order by 1) as "withoutIdentity",
  pg_has_role(c.relowner, 'usage') as "isOwned",
  concat_ws(' ', c.relreplident,
    (select string_agg(format('%s:%s:%s:%s', a.attname, a.atttypid, a.atttypmod, a.attgenerated), ',' order by a.attnum)
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    (select string_agg(i.indexrelid::text, ',' order by 1) from pg_index i where i.indrelid = c.oid and (i.indisprimary or i.indisreplident)),
    case when c.relkind = 'p' then (select string_agg(format('%s:%s', l.oid, l.relfilenode), ',' order by l.oid)
      from pg_partition_tree(c.oid) t join pg_class l on l.oid = t.relid) end) as shape
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = any($1::int8[]::oid[])
order by n.nspname, c.relname`

/** The catalog's entries of these tables; what is no table any more is left out. */
export async function readEntries(
  client: ControlConnection,
  oids: readonly (number | string)[],
): Promise<TableEntry[]> {
  const { rows } = await client.query<Omit<TableEntry, 'oid'> & { readonly oid: string }>(
    entriesOf,
    [oids],
  )
  return rows.map((row) => ({ ...row, oid: Number(row.oid) }))
}

/** The entries of tables that are named as in SQL: `trade`, `audit.trade`, `"Order"`. Throws USAGE with those that there are not. */
export async function findTables(
  client: ControlConnection,
  names: readonly string[],
): Promise<TableEntry[]> {
  const { rows } = await client.query<{ readonly name: string; readonly oid: string | null }>(
    `select name, c.oid::int8::text as oid from unnest($1::text[]) name
     left join pg_class c on c.oid = to_regclass(name) and c.relkind in ('r', 'p')`,
    [names],
  )
  const missing = rows.filter(({ oid }) => oid === null)
  if (missing.length > 0)
    throw new TidingsError(
      'USAGE',
      `the database has no table ${missing.map(({ name }) => name).join(', ')}: name tables as in SQL, trade, audit.trade, "Order"`,
    )
  return readEntries(
    client,
    rows.map(({ oid }) => oid ?? ''),
  )
}

/** For each type that is a domain the type that it is made of, which a SELECT tells in its place. */
export async function readBaseTypes(
  client: ControlConnection,
  oids: readonly number[],
): Promise<Map<number, number>> {
  const { rows } = await client.query<{ readonly oid: string; readonly base: string }>(
    `with recursive made as (
       select oid, oid as base from pg_type where oid = any($1::int8[]::oid[])
       union all
       select made.oid, t.typbasetype from made join pg_type t on t.oid = made.base where t.typtype = 'd')
     select made.oid::int8::text as oid, made.base::int8::text as base
     from made join pg_type t on t.oid = made.base where t.typtype <> 'd'`,
    [oids],
  )
  return new Map(rows.map(({ oid, base }) => [Number(oid), Number(base)]))
}
