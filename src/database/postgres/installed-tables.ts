import { queueTable } from '../changed-table.ts'
import type { PgClient } from './pg-parts.ts'
import { triggerNames } from './trigger-names.ts'

const installed = `
  select n.nspname as schema, c.relname as name
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_class c on c.oid = t.tgrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where t.tgname = '${triggerNames.rowTrigger}' and not c.relispartition
  order by 1, 2`

/** The tables of a database that have our triggers, as the queue calls them. */
export async function installedTables(client: Pick<PgClient, 'query'>): Promise<string[]> {
  const { rows } = await client.query(installed)
  return (rows as { schema: string; name: string }[]).map(({ schema, name }) =>
    queueTable(schema, name),
  )
}
