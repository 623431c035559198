import { queueTable } from '../changed-table.ts'
import type { PgClient } from './pg-parts.ts'
import { adapterMark, triggerNames } from './trigger-names.ts'
import { functionsVersion } from './trigger-sql.ts'

/** What of an installation is there. */
export interface TriggerStatus {
  readonly tables: readonly { readonly table: string; readonly problems: readonly string[] }[]
  /** Connections whose changes are published now. */
  readonly publishing: number
  /** Processes that hear of changes of other programs. */
  readonly listening: number
  /** Of the database. */
  readonly problems: readonly string[]
}

const { schema, rowFunction, rowTrigger, truncateTrigger } = triggerNames

const ofTables = `
  select n.nspname as schema, c.relname as relation, t.tgenabled::text as rows, c.relpersistence::text as persistence,
    exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary) as "hasKey",
    (select count(*) from pg_partition_tree(c.oid) p where not exists (
      select from pg_trigger x where x.tgrelid = p.relid and x.tgname = '${truncateTrigger}' and x.tgenabled = 'A'
    ))::int as "withoutTruncate"
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where t.tgname = '${rowTrigger}' and not c.relispartition
  order by 1, 2`

const ofDatabase = `
  select current_setting('max_prepared_transactions')::int as prepared,
    (select obj_description(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = '${schema}' and p.proname = '${rowFunction}') as version,
    (select count(*) from pg_stat_activity where datname = current_database()
      and right(application_name, ${adapterMark.length}) = '${adapterMark}')::int as publishing,
    (select count(*) from pg_stat_activity where datname = current_database()
      and application_name = 'tidings listener')::int as listening`

interface TableRow {
  readonly schema: string
  readonly relation: string
  readonly rows: string
  readonly persistence: string
  readonly hasKey: boolean
  readonly withoutTruncate: number
}

/** Looks at triggers, functions and connections. */
export async function triggerStatus(client: Pick<PgClient, 'query'>): Promise<TriggerStatus> {
  const tables = (await client.query(ofTables)).rows as unknown as TableRow[]
  const [database] = (await client.query(ofDatabase)).rows as unknown as {
    readonly prepared: number
    readonly version: string | null
    readonly publishing: number
    readonly listening: number
  }[]
  const { prepared = 0, version = null, publishing = 0, listening = 0 } = database ?? {}
  const problems: string[] = []
  if (tables.length > 0 && version !== `tidings ${functionsVersion}`)
    problems.push(
      'the functions are of another version of tidings: run tidings postgres install again',
    )
  if (publishing > 0 && listening === 0)
    problems.push('nobody hears of changes by other programs: no process listens')
  if (prepared > 0)
    problems.push(
      'prepared transactions are possible (max_prepared_transactions): of a session without the adapter, one that has changed a table cannot be prepared',
    )
  return {
    tables: tables.map((row) => ({
      table: queueTable(row.schema, row.relation),
      problems: problemsOf(row),
    })),
    publishing,
    listening,
    problems,
  }
}

function problemsOf({ rows, persistence, hasKey, withoutTruncate }: TableRow): string[] {
  const problems: string[] = []
  const again = 'run tidings postgres install again'
  if (rows === 'D') problems.push(`its trigger is disabled: ${again}, and reset the table`)
  else if (rows !== 'A')
    problems.push(`its trigger does not fire for what comes by replication: ${again}`)
  if (withoutTruncate > 0)
    problems.push(`TRUNCATE of it, or of a partition, is not heard: ${again}`)
  if (persistence === 'u')
    problems.push('it is UNLOGGED: its changes have no versions that order them')
  if (!hasKey) problems.push('it has no primary key: nothing tells its rows apart')
  return problems
}
