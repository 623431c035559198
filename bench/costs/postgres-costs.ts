import { Client, Pool, type PoolClient } from 'pg'
import { parsePosition } from '../../src/database/log-position.ts'
import { install } from '../../src/database/postgres/installation.ts'
import { publishCommits } from '../../src/database/postgres/index.ts'
import type { UpdateQueue } from '../../src/index.ts'
import { Postgres } from '../../test/harness/postgres.ts'
import { command, type TestCluster } from '../../test/harness/test-cluster.ts'
import { trade } from '../rows.ts'
import {
  type CostConnection,
  type CostInsert,
  costTables,
  CostWay,
  type CostWayName,
  insertsOf,
} from './cost-way.ts'

const columns = `
  "TRADE_ID" text primary key, "SYMBOL" text, "SIDE" text, "PRICE" float8, "QUANTITY" int, "NOTIONAL" float8, "CURRENCY" text,
  "VENUE" text, "TRADER" text, "BOOK" text, "STATUS" text, "VERSION" int, "CREATED" int8, "COMMENT" text, "ACTIVE" bool`

const parameters = Object.keys(trade(0)).map((_, index) => `$${index + 1}`)
const oneRow = `values (${parameters.join(', ')})`
const manyRows = `
  select 'T' || n, 'AXYZ', 'SELL', 100 + n % 1000 / 8.0, n * 7 % 10000, n * 1.25, 'EUR', 'London',
    'j.smith', 'BOOK_' || n % 50, 'NEW', 1, 1700000000000 + n, 'partially filled at the open', true
  from generate_series($1::int, $2::int) n`

/** Who publishes by hand needs the rows as the database has them, and the version that orders them. */
const returning = ' returning *, pg_current_wal_insert_lsn()::text as position'

const names = ['nobody', 'publish()', 'commit()', 'adapter', 'capture'] as const

/**
 * The ways of PostgreSQL, and where another process reads their tables. There are two databases: one has what a capture
 * needs, and a capture; the other one has not, so that inserts which nothing decodes are what a capture is compared with.
 */
export async function postgresCosts(queue: UpdateQueue, cluster: TestCluster) {
  const [plain, logical] = await Promise.all([
    Postgres.start(),
    Postgres.start(undefined, undefined, ['wal_level=logical']),
  ])
  const pools: Pool[] = []
  const clients: PoolClient[] = []
  const open = async (name: CostWayName): Promise<CostWay> => {
    const { config, url } = name === 'capture' ? logical : plain
    const pool = new Pool({ ...config, max: 1 })
    await create(config, name)
    if (name === 'adapter') publishCommits(pool, queue)
    if (name === 'capture') await startCapture(cluster, url)
    const client = await pool.connect()
    pools.push(pool)
    clients.push(client)
    return new CostWay(queue, new PostgresConnection(client), 'PostgreSQL', name)
  }
  const ways = await Promise.all(names.map(open))
  const shown = await clients[0]?.query<{ server_version: string }>('show server_version')
  return {
    ways,
    version: `PostgreSQL ${shown?.rows[0]?.server_version.split(' ')[0]}`,
    placeOf: (name: CostWayName): string => (name === 'capture' ? logical : plain).url,
    async close(): Promise<void> {
      for (const client of clients) client.release()
      for (const pool of pools) await pool.end()
    },
  }
}

async function create(config: Postgres['config'], name: CostWayName): Promise<void> {
  const client = new Client(config)
  await client.connect()
  const tables = Object.values(costTables('PostgreSQL', name))
  for (const table of tables) await client.query(`create table ${table} (${columns})`)
  if (name === 'adapter') await install(client, tables)
  await client.end()
}

async function startCapture(cluster: TestCluster, url: string): Promise<void> {
  const tables = Object.values(costTables('PostgreSQL', 'capture')).join(',')
  const words = ['capture', 'postgres', '--url', url, '--tables', tables]
  await cluster.program([command, ...words]).says(/^ready at/m)
}

class PostgresConnection implements CostConnection {
  readonly #client: PoolClient

  constructor(client: PoolClient) {
    this.#client = client
  }

  async insert({ table, first, rows }: CostInsert, isNoted: boolean) {
    const [select, values] =
      rows === 1 ? [oneRow, Object.values(trade(first))] : [manyRows, [first, first + rows - 1]]
    const sql = `insert into ${table} ${select}${isNoted ? returning : ''}`
    const made = await this.#client.query<{ position: string }>(sql, values)
    return made.rows.flatMap(({ position, ...record }) =>
      insertsOf(table, [record], parsePosition(position)),
    )
  }

  async insertFirst(insert: CostInsert, isNoted: boolean) {
    await this.#client.query('begin')
    return this.insert(insert, isNoted)
  }

  async commit(): Promise<void> {
    await this.#client.query('commit')
  }
}
