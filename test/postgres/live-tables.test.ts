// The whole way with real processes: two of them write by the adapter, another program by psql, and live tables are what
// PostgreSQL has whenever it is quiet.
import { once } from 'node:events'
import { join } from 'node:path'
import { Pool } from 'pg'
import { expect, it } from 'vitest'
import { publishCommits, snapshots, type TableSnapshot } from '../../src/database/postgres/index.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { liveTables } from '../../src/live/index.ts'
import { rowTexts } from '../harness/account-database.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { Postgres } from '../harness/postgres.ts'
import { command, TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const hasPostgres = available('live tables of PostgreSQL', 'postgres')

const tables = `
  create table trade (trade_id text primary key, account text, price float8, quantity bigint);
  create table "Position" (account text primary key, changes integer, at timestamptz)`

async function openStage() {
  const cluster = await TestCluster.start('mesh', 1)
  const postgres = await Postgres.start()
  const psql = postgres.connect()
  await psql.query(tables)
  const install = new Child({
    name: 'tidings postgres install',
    arguments: [command, 'postgres', 'install', 'trade', '"Position"', '--url', postgres.url],
    ipc: false,
  })
  expect(await install.ended, install.log).toEqual({ code: 0, signal: null })
  const { definition } = cluster
  const { host } = cluster.node()
  const trader = async (name: string, seed: number): Promise<Child> => {
    const script = join(repository, 'test', 'postgres', 'trader.ts')
    const words = [script, name, String(seed), postgres.url, definition, host]
    const child = new Child({ name, arguments: words, ipc: true })
    await once(child.process, 'message')
    return child
  }
  const queue = await openUpdateQueue({ process: 'VIEW', definition, host })
  const pool = publishCommits(new Pool({ ...postgres.config, max: 2 }), queue)
  // The end of a pool does not wait for its connections, and PostgreSQL ends with the test.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const close = async (): Promise<void> => {
    await pool.end()
    await queue.close()
  }
  return { psql, queue, pool, trader, close }
}

const books = async (child: Child, commits: number): Promise<void> => {
  const answered = once(child.process, 'message')
  child.process.send({ commits })
  await answered
}

const readAs = (table: string, key: string) => ({
  key,
  read: ({ within }: { within: TableSnapshot }) => within.read(table),
  readKeys: (keys: readonly unknown[], { within }: { within: TableSnapshot }) =>
    within.read(table, { key, keys }),
})

it.runIf(hasPostgres)(
  'live tables are what PostgreSQL has when it is quiet: two processes write, and a program that does not publish',
  async () => {
    const { psql, queue, pool, trader, close } = await openStage()
    const traders = await Promise.all([trader('T1', 1), trader('T2', 2)])
    const live = await liveTables(
      queue,
      { trade: readAs('trade', 'trade_id'), Position: readAs('Position', 'account') },
      { within: snapshots(pool) },
    )
    const truth = async (table: string) =>
      rowTexts((await pool.query<Record<string, unknown>>(`select * from ${table}`)).rows)
    const isSame = async () => {
      await live.settled()
      return (
        live.state === 'live' &&
        rowTexts(live.tables.trade.values()).join() === (await truth('trade')).join() &&
        rowTexts(live.tables.Position.values()).join() === (await truth('"Position"')).join()
      )
    }
    for (let round = 0; round < 4; round++) {
      const booked = traders.map((child) => books(child, 40))
      await psql.query(`update trade set price = ${round}, quantity = -1 where trade_id < 'T15'`)
      if (round === 2) await psql.query('truncate trade')
      await Promise.all(booked)
      await psql.query(
        `update "Position" set changes = changes + 1000 where account = 'A${round % 4}'`,
      )
      await eventually('the live tables are what PostgreSQL has', isSame)
      await live.settled()
      expect(rowTexts(live.tables.trade.values())).toEqual(await truth('trade'))
      expect(rowTexts(live.tables.Position.values())).toEqual(await truth('"Position"'))
    }
    const { applied, reads } = live.tables.trade.stats()
    expect(applied).toBeGreaterThan(20)
    expect(reads).toBeGreaterThan(3)
    for (const child of traders) {
      child.process.send('close')
      expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
    }
    await live.close()
    await close()
  },
)
