import { adapterMark, changeCode, triggerNames } from './trigger-names.ts'

/** Told with each change of these functions: `status` finds those of an older version. */
export const functionsVersion = 1

const { schema, rowFunction, truncateFunction, rowTrigger, truncateTrigger, channel } = triggerNames

/** The table that a trigger runs for; of a partition, the table that it is a part of. */
const rootTable = `
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.oid = coalesce(pg_catalog.pg_partition_root(tg_relid), tg_relid)`

/** The type of a column as a SELECT tells it: of a domain, what that is made of. */
const columnType = `
            case t.typtype when 'd' then (
              with recursive up as (
                select t.typbasetype as type
                union all
                select d.typbasetype from up join pg_catalog.pg_type d on d.oid = up.type where d.typtype = 'd'
              )
              select u.type from up u join pg_catalog.pg_type b on b.oid = u.type where b.typtype <> 'd'
            ) else t.oid end`

/**
 * The function of all row triggers. In a session with the adapter each change is told on the connection that commits, as a message of
 * level INFO, which is always sent: DETAIL is the row as text, HINT the row before, CONSTRAINT the position in the
 * log, TABLE the oid. DATATYPE has name and columns, once for each table in a transaction: a setting that lasts as long as the transaction says
 * whether they were told, and falls back with a savepoint. Other sessions say by NOTIFY that the table has changed, once as well.
 */
const rowFunctionSql = `create or replace function ${schema}.${rowFunction}() returns trigger language plpgsql as $tidings$
declare
  relation text := '';
begin
  if right(pg_catalog.current_setting('application_name'), ${adapterMark.length}) <> '${adapterMark}' then
    if pg_catalog.current_setting('tidings.notified_' || tg_relid, true) is distinct from 't' then
      select pg_catalog.json_build_array(n.nspname, c.relname)::text into relation${rootTable};
      perform pg_catalog.pg_notify('${channel}', relation);
      perform pg_catalog.set_config('tidings.notified_' || tg_relid, 't', true);
    end if;
    return null;
  end if;
  if pg_catalog.current_setting('tidings.told_' || tg_relid, true) is distinct from 't' then
    select pg_catalog.json_build_array(n.nspname, c.relname, (
          select pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, (${columnType})::bigint) order by a.attnum)
          from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
          where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped
        ))::text into relation${rootTable};
    perform pg_catalog.set_config('tidings.told_' || tg_relid, 't', true);
  end if;
  if tg_op = 'UPDATE' then
    raise info using errcode = '${changeCode}', message = tg_op, detail = new::text, hint = old::text,
      table = tg_relid::text, datatype = relation, constraint = pg_catalog.pg_current_wal_insert_lsn()::text;
  elsif tg_op = 'INSERT' then
    raise info using errcode = '${changeCode}', message = tg_op, detail = new::text,
      table = tg_relid::text, datatype = relation, constraint = pg_catalog.pg_current_wal_insert_lsn()::text;
  else
    raise info using errcode = '${changeCode}', message = tg_op, detail = old::text,
      table = tg_relid::text, datatype = relation, constraint = pg_catalog.pg_current_wal_insert_lsn()::text;
  end if;
  return null;
end
$tidings$`

/** A TRUNCATE has no rows, and may be rolled back: what is notified goes out with the commit. */
const truncateFunctionSql = `create or replace function ${schema}.${truncateFunction}() returns trigger language plpgsql as $tidings$
declare
  relation text;
begin
  select pg_catalog.json_build_array(n.nspname, c.relname)::text into relation${rootTable};
  perform pg_catalog.pg_notify('${channel}', relation);
  return null;
end
$tidings$`

/** Makes the functions, or brings them up to date. */
export const functionStatements: readonly string[] = [
  `create schema if not exists ${schema}`,
  rowFunctionSql,
  truncateFunctionSql,
  `comment on function ${schema}.${rowFunction}() is 'tidings ${functionsVersion}'`,
]

/** Makes the triggers of a table. `table`: its name, quoted; `parts`: those of its partitions, which have no TRUNCATE trigger of their own. */
export const tableStatements = (table: string, parts: readonly string[]): string[] => [
  `drop trigger if exists ${rowTrigger} on ${table}`,
  `create constraint trigger ${rowTrigger} after insert or update or delete on ${table}
  deferrable initially deferred for each row execute function ${schema}.${rowFunction}()`,
  // Also for what comes by replication, and in sessions that have switched other triggers off.
  `alter table ${table} enable always trigger ${rowTrigger}`,
  ...[table, ...parts].flatMap((each) => [
    `drop trigger if exists ${truncateTrigger} on ${each}`,
    `create trigger ${truncateTrigger} after truncate on ${each} execute function ${schema}.${truncateFunction}()`,
    `alter table ${each} enable always trigger ${truncateTrigger}`,
  ]),
]

/** Takes the triggers of a table away. */
export const removeStatements = (table: string, parts: readonly string[]): string[] => [
  `drop trigger if exists ${rowTrigger} on ${table}`,
  ...[table, ...parts].map((each) => `drop trigger if exists ${truncateTrigger} on ${each}`),
]

/** Takes away what no table has a trigger of any more. */
export const removeFunctions: readonly string[] = [
  `drop function if exists ${schema}.${rowFunction}()`,
  `drop function if exists ${schema}.${truncateFunction}()`,
  `drop schema if exists ${schema}`,
]

/** Processes that listen look again which tables have triggers. */
export const tellInstalled = `select pg_catalog.pg_notify('${channel}', '')`
