import { setTimeout as pause } from 'node:timers/promises'
import { Client, Pool, type PoolClient } from 'pg'
import type { Random } from '../../../src/base/random.ts'
import { install } from '../../../src/database/postgres/installation.ts'
import {
  publishCommits,
  snapshots,
  type TableSnapshot,
} from '../../../src/database/postgres/index.ts'
import { sqlStateOf } from '../../../src/database/pg-client.ts'
import { liveTables } from '../../../src/live/index.ts'
import { patienceMs } from '../../harness/eventually.ts'
import { Postgres } from '../../harness/postgres.ts'
import type { LiveDatabase, LiveName, LiveSchema, LiveWriter } from './live-database.ts'

const schema = `
  create table "ACCOUNT" ("ID" text primary key, "OWNER" text, "AMOUNT" int not null);
  create table "ENTRY" (
    "ACCOUNT" text not null references "ACCOUNT" ("ID") on delete cascade, "NUMBER" int not null, "AMOUNT" int not null,
    primary key ("ACCOUNT", "NUMBER")
  )`

/** Transactions change rows in any order: who waits for each other is found out at once, and not after a second. */
const settings = ['deadlock_timeout=20ms', 'max_connections=200', 'wal_level=logical']

/** Connections of a process that writes: their commits are published in another order than they are made. */
const lanes = 3

const accounts = 12
const entries = 5
const retryMs = 50

export const postgresLive: LiveDatabase = {
  lanes,
  async start() {
    const postgres = await Postgres.start(undefined, undefined, settings)
    return { place: postgres.url, kill: () => postgres.crash() }
  },
  async create(place, { hasTriggers = true } = {}) {
    const client = new Client(place)
    await client.connect()
    await client.query(schema)
    if (hasTriggers) await install(client, ['"ACCOUNT"', '"ENTRY"'])
    await client.end()
  },
  async publishing(place, queue) {
    return Promise.resolve(writerOf(publishCommits(poolOf(place), queue)))
  },
  async bypassing(place) {
    return Promise.resolve(writerOf(poolOf(place)))
  },
  async reading(place) {
    const [plain, ofTables] = [poolOf(place), poolOf(place)]
    const read = <Name extends LiveName>(table: Name, key: string | readonly string[]) => ({
      read: ({ within }: { within: TableSnapshot }) => within.read<LiveSchema[Name]>(table),
      readKeys: (keys: readonly unknown[], { within }: { within: TableSnapshot }) =>
        within.read<LiveSchema[Name]>(table, { key, keys }),
    })
    return Promise.resolve({
      rows: async (table) => (await plain.query<object>(`select * from "${table}"`)).rows,
      async keep(queue) {
        const live = await liveTables(
          queue,
          {
            ACCOUNT: { key: 'ID', ...read('ACCOUNT', 'ID') },
            ENTRY: { key: ['ACCOUNT', 'NUMBER'], ...read('ENTRY', ['ACCOUNT', 'NUMBER']) },
          },
          { within: snapshots(publishCommits(ofTables, queue)) },
        )
        return {
          rows: (table) => live.tables[table].values() as Iterable<object>,
          settled: () => live.settled(),
        }
      },
      close: async () => void (await Promise.all([plain.end(), ofTables.end()])),
    })
  },
}

/** Its connections end with the database, and are made anew. */
function poolOf(place: string): Pool {
  const pool = new Pool({ connectionString: place, max: lanes })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

function writerOf(pool: Pool): LiveWriter {
  return {
    async transaction(random) {
      let client: PoolClient | null = null
      try {
        client = await pool.connect()
        await transaction(client, random)
        client.release()
      } catch (error) {
        // A connection amid a transaction that failed is not used again.
        client?.release(error as Error)
        const state = sqlStateOf(error) ?? ''
        if (conflicts.has(state)) return
        if (isOfPostgres(state) && !outages.has(state)) throw error
        await untilBack(pool)
      }
    },
  }
}

/**
 * Two that change the same rows in another order (deadlock_detected), or of which one deletes what the other refers to
 * (foreign_key_violation); a TRUNCATE behind changes of the same transaction, which wait for COMMIT (object_in_use).
 */
const conflicts = new Set(['40P01', '23503', '55006'])
/** The database is ending, has crashed, or is just starting: admin_shutdown, crash_shutdown, cannot_connect_now. */
const outages = new Set(['57P01', '57P02', '57P03'])
/** Errors of sockets, such as ECONNREFUSED, have codes as well. */
const isOfPostgres = (state: string): boolean => /^[0-9A-Z]{5}$/.test(state) && /\d/.test(state)

/** Waits until the database answers: it was killed, and is started again. */
async function untilBack(pool: Pool): Promise<void> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      await pool.query('select 1')
      return
    } catch (error) {
      if (performance.now() > until) throw error
      await pause(retryMs)
    }
  }
}

const pick = (random: Random, count: number): number => Math.floor(random() * count)

/** Changes a few rows, in each of the ways that a transaction may take. */
async function transaction(client: PoolClient, random: Random): Promise<void> {
  const way = random()
  if (way < 0.3) return change(client, random)
  await client.query('begin')
  await change(client, random)
  if (way < 0.5) {
    await client.query('savepoint s')
    for (let count = 0; count < 3; count++) await change(client, random)
    await client.query(way < 0.4 ? 'rollback to savepoint s' : 'release savepoint s')
  }
  for (let count = pick(random, 4); count > 0; count--) await change(client, random)
  await client.query(way < 0.9 ? 'commit' : 'rollback')
}

async function change(client: PoolClient, random: Random): Promise<void> {
  const id = `A${pick(random, accounts)}`
  const number = 1 + pick(random, entries)
  const amount = pick(random, 1000)
  const run = async (sql: string, ...values: (string | number)[]): Promise<void> =>
    void (await client.query(sql, values))
  const kind = random()
  if (kind < 0.4)
    await run(
      `insert into "ACCOUNT" as a values ($1, 'new', $2)
       on conflict ("ID") do update set "AMOUNT" = a."AMOUNT" + 1, "OWNER" = a."OWNER" || 'x' where length(a."OWNER") < 40`,
      id,
      amount,
    )
  else if (kind < 0.75)
    await run(
      `insert into "ENTRY" as e select "ID", $1::int, $2::int from "ACCOUNT" where "ID" = $3
       on conflict ("ACCOUNT", "NUMBER") do update set "AMOUNT" = e."AMOUNT" + excluded."AMOUNT"`,
      number,
      amount,
      id,
    )
  else if (kind < 0.9) await run('delete from "ACCOUNT" where "ID" = $1', id)
  else if (kind < 0.998)
    await run('update "ENTRY" set "AMOUNT" = "AMOUNT" + 1 where "ACCOUNT" < $1', id)
  else await run('truncate "ENTRY"')
}
