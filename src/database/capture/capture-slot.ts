import { sqlStateOf } from '../pg-client.ts'
import type { CatalogName } from '../changed-table.ts'
import { quoteName } from './replication-stream.ts'
import type { ControlConnection } from './control-connection.ts'

/** What the database says of a replication slot. */
export interface SlotState {
  /** The process of the database that serves it; null: nobody has it. */
  readonly activePid: number | null
  readonly database: string
  readonly plugin: string
  /** What is confirmed. */
  readonly confirmed: string
  /** Bytes of the log that the database keeps for it. */
  readonly retainedBytes: number
  /** The database has thrown away what it needs: it is of no use any more. */
  readonly isLost: boolean
}

export async function readSlot(client: ControlConnection, slot: string): Promise<SlotState | null> {
  const { rows } = await client.query<SlotState>(
    `select active_pid as "activePid", database::text, plugin::text, confirmed_flush_lsn::text as confirmed,
       coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 as "retainedBytes",
       coalesce(wal_status = 'lost', false) as "isLost"
     from pg_replication_slots where slot_name = $1`,
    [slot],
  )
  return rows[0] ?? null
}

/** False: it is there already. Waits for the transactions that have begun before: all that comes later is in it. */
export async function createSlot(client: ControlConnection, slot: string): Promise<boolean> {
  try {
    await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot])
    return true
  } catch (error) {
    if (sqlStateOf(error) === duplicateObject) return false
    throw error
  }
}

/** Ends its connection where there is one. False: there is none. */
export async function dropSlot(client: ControlConnection, slot: string): Promise<boolean> {
  try {
    await client.query('select pg_drop_replication_slot($1)', [slot])
    return true
  } catch (error) {
    if (sqlStateOf(error) === undefinedObject) return false
    throw error
  }
}

/** Oids of the tables of a publication; null: there is no such publication. */
export async function publishedTables(
  client: ControlConnection,
  publication: string,
): Promise<number[] | null> {
  const { rows } = await client.query<{ readonly oids: string[] }>(
    `select array(select r.prrelid::int8::text from pg_publication_rel r where r.prpubid = p.oid) as oids
     from pg_publication p where p.pubname = $1`,
    [publication],
  )
  return rows[0]?.oids.map(Number) ?? null
}

/** SQL that makes the publication of exactly these tables. Changes of partitions are told as those of their table. */
export const creationOf = (publication: string, tables: readonly CatalogName[]): string =>
  `create publication ${quoteName(publication)} for table ${quotedTables(tables)} with (publish_via_partition_root = true)`

export const alterationOf = (publication: string, tables: readonly CatalogName[]): string =>
  `alter publication ${quoteName(publication)} set table ${quotedTables(tables)}`

const quotedTables = (tables: readonly CatalogName[]): string =>
  tables.map(({ schema, name }) => `${quoteName(schema)}.${quoteName(name)}`).join(', ')

/** Codes of PostgreSQL: "PostgreSQL Error Codes" in its manual. */
export const duplicateObject = '42710'
export const undefinedObject = '42704'
export const objectInUse = '55006'
export const queryCanceled = '57014'
