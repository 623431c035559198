import { TidingsError } from '../../base/tidings-error.ts'
import { queueTable } from '../changed-table.ts'
import { messageOf, sqlStateOf } from '../pg-client.ts'
import type { PgClient } from './pg-parts.ts'
import { triggerNames } from './trigger-names.ts'
import {
  functionStatements,
  removeFunctions,
  removeStatements,
  tableStatements,
  tellInstalled,
} from './trigger-sql.ts'

/** A table of the database that is to have triggers. */
interface FoundTable {
  /** Quoted, with its schema. */
  readonly name: string
  readonly queueName: string
  readonly hasKey: boolean
  /** Its partitions, quoted. */
  readonly parts: readonly string[]
}

/** What was done with a table. */
export interface TableNote {
  /** What it is called in the queue. */
  readonly table: string
  /** What its owner should know; null: nothing. */
  readonly warning: string | null
}

type Client = Pick<PgClient, 'query'>

/** How long the locks of the tables are waited for: whoever wants to change them waits behind us meanwhile. */
const lockTimeout = '5s'

/** The statements of an installation, for a migration. `tables`: as in SQL, with their schemas or without. Throws USAGE. */
export function installationScript(tables: readonly string[]): string {
  for (const table of tables) checkName(table)
  const statements = [
    ...functionStatements,
    ...tables.flatMap((table) => tableStatements(table, [])),
  ]
  return [...statements, tellInstalled].map((statement) => `${statement};\n`).join('')
}

/**
 * Makes the triggers of these tables, or brings them up to date, in one transaction. `tables`: as in SQL. Throws USAGE
 * where there is no such table, or one that cannot be told; DATABASE_REFUSED, DATABASE_FAILED.
 */
export async function install(client: Client, tables: readonly string[]): Promise<TableNote[]> {
  const found = await findTables(client, tables)
  await inTransaction(client, [
    ...functionStatements,
    ...found.flatMap(({ name, parts }) => tableStatements(name, parts)),
    tellInstalled,
  ])
  return found.map(({ queueName, hasKey }) => ({
    table: queueName,
    warning: hasKey ? null : 'it has no primary key: nothing tells its rows apart',
  }))
}

/** Takes the triggers of these tables away, or of all; with the last of them the functions go. Gives their names in the queue. */
export async function remove(client: Client, tables: readonly string[]): Promise<string[]> {
  const all = await installedNames(client)
  const found = await findTables(client, tables.length === 0 ? all : tables)
  const names = new Set(found.map(({ name }) => name))
  const isLast = all.every((name) => names.has(name))
  await inTransaction(client, [
    ...found.flatMap(({ name, parts }) => removeStatements(name, parts)),
    ...(isLast ? removeFunctions : []),
    tellInstalled,
  ])
  return found.map(({ queueName }) => queueName)
}

async function installedNames(client: Client): Promise<string[]> {
  const { rows } = await client.query(
    `select format('%I.%I', n.nspname, c.relname) as name
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where t.tgname = '${triggerNames.rowTrigger}' and not c.relispartition order by 1`,
  )
  return rows.map(({ name }) => String(name))
}

async function findTables(client: Client, names: readonly string[]): Promise<FoundTable[]> {
  const found: FoundTable[] = []
  for (const name of names) {
    checkName(name)
    const { rows } = await client.query(find, [name])
    const [row] = rows as unknown as FoundRow[]
    if (!row)
      throw new TidingsError(
        'USAGE',
        `there is no table ${name} in the database: give its name as in SQL, such as trade, audit.trade, or '"Trade"' where it has capitals`,
      )
    const why = reasonAgainst(row)
    if (why !== null) throw new TidingsError('USAGE', `${name} ${why}`)
    const { schema, relation, quoted, hasKey, parts } = row
    found.push({ name: quoted, queueName: queueTable(schema, relation), hasKey, parts })
  }
  return found
}

interface FoundRow {
  readonly schema: string
  readonly relation: string
  readonly quoted: string
  readonly kind: string
  readonly persistence: string
  readonly isPart: boolean
  readonly hasKey: boolean
  readonly parts: readonly string[]
}

const find = `
  select n.nspname as schema, c.relname as relation, format('%I.%I', n.nspname, c.relname) as quoted,
    c.relkind::text as kind, c.relpersistence::text as persistence, c.relispartition as "isPart",
    exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary) as "hasKey",
    array(
      select format('%I.%I', pn.nspname, p.relname)
      from pg_partition_tree(c.oid) t join pg_class p on p.oid = t.relid join pg_namespace pn on pn.oid = p.relnamespace
      where t.relid <> c.oid
    ) as parts
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = to_regclass($1)`

function reasonAgainst({ kind, persistence, isPart }: FoundRow): string | null {
  if (kind !== 'r' && kind !== 'p') return 'is no table: only tables have changes'
  if (isPart) return 'is a partition: give the table that it is a part of'
  if (persistence === 'u')
    return 'is UNLOGGED: its changes have no positions in the write-ahead log that could order them'
  if (persistence === 't') return 'is temporary: other sessions do not see it'
  return null
}

const identifier = String.raw`(?:[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|"(?:[^"]|"")+")`
const namePattern = new RegExp(`^${identifier}(?:\\.${identifier})?$`)

/** A name goes into statements as it is. */
function checkName(name: string): void {
  if (namePattern.test(name)) return
  throw new TidingsError(
    'USAGE',
    `${name} is no name of a table: give it as in SQL, such as trade, audit.trade, or '"Trade"' where it has capitals`,
  )
}

async function inTransaction(client: Client, statements: readonly string[]): Promise<void> {
  try {
    await client.query('begin')
    await client.query(`set local lock_timeout = '${lockTimeout}'`)
    for (const statement of statements) await client.query(statement)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw databaseError(error)
  }
}

/** Classes of SQLSTATE that say that the user may not, or that something is not there. */
const refusals = /^(?:42|3F|0A|28)/

function databaseError(error: unknown): TidingsError {
  const state = sqlStateOf(error)
  if (state === '55P03')
    return new TidingsError(
      'DATABASE_FAILED',
      `a table is locked by another transaction, and was waited for ${lockTimeout}; nothing was changed: try again`,
      { cause: error },
    )
  const isRefused = state !== undefined && refusals.test(state)
  return new TidingsError(
    isRefused ? 'DATABASE_REFUSED' : 'DATABASE_FAILED',
    `the database says: ${messageOf(error)}; nothing was changed`,
    { cause: error },
  )
}
