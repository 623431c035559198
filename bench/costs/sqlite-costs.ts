import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { publishCommits } from '../../src/database/sqlite/index.ts'
import type { UpdateQueue } from '../../src/index.ts'
import { scratchDirectory } from '../../test/harness/scratch.ts'
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
  TRADE_ID text primary key, SYMBOL text, SIDE text, PRICE real, QUANTITY integer, NOTIONAL real, CURRENCY text, VENUE text,
  TRADER text, BOOK text, STATUS text, VERSION integer, CREATED integer, COMMENT text, ACTIVE integer`

const oneRow = `values (${Object.keys(trade(0))
  .map(() => '?')
  .join(', ')})`
const manyRows = `
  select 'T' || N, 'AXYZ', 'SELL', 100 + N % 1000 / 8.0, N * 7 % 10000, N * 1.25, 'EUR', 'London',
    'j.smith', 'BOOK_' || N % 50, 'NEW', 1, 1700000000000 + N, 'partially filled at the open', 1
  from (with recursive S (N) as (values (?) union all select N + 1 from S where N < ?) select N from S)`

/** Counts up in each transaction of who publishes by hand: what orders its updates. */
export const versionCounter = 'COMMIT_COUNTER'

const names = ['nobody', 'publish()', 'commit()', 'adapter'] as const

/** The ways of SQLite, each with a file of its own. */
export function sqliteCosts(queue: UpdateQueue) {
  const folder = scratchDirectory()
  const placeOf = (name: CostWayName): string => join(folder, `${name.replace('()', '')}.db`)
  const ways = names.map((name) => {
    const file = new DatabaseSync(placeOf(name), { timeout: 60_000 })
    file.exec(`pragma journal_mode = wal; pragma synchronous = normal;
      create table ${versionCounter} (N integer not null); insert into ${versionCounter} values (0)`)
    for (const table of Object.values(costTables('SQLite', name)))
      file.exec(`create table ${table} (${columns})`)
    const database = name === 'adapter' ? publishCommits(file, queue) : file
    return new CostWay(queue, new SqliteConnection(database), 'SQLite', name)
  })
  return { ways, version: `SQLite ${process.versions.sqlite}`, placeOf }
}

class SqliteConnection implements CostConnection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async insert(insert: CostInsert, isNoted: boolean) {
    // A statement by itself is a transaction; with the counter they are two.
    if (!isNoted) return Promise.resolve(this.#insert(insert, false))
    const updates = await this.insertFirst(insert, true)
    await this.commit()
    return updates
  }

  insertFirst(insert: CostInsert, isNoted: boolean) {
    this.#database.exec('begin immediate')
    return Promise.resolve(this.#insert(insert, isNoted))
  }

  commit(): Promise<void> {
    this.#database.exec('commit')
    return Promise.resolve()
  }

  #insert({ table, first, rows }: CostInsert, isNoted: boolean) {
    const values =
      rows === 1
        ? Object.values(trade(first)).map((value) =>
            typeof value === 'boolean' ? Number(value) : value,
          )
        : [first, first + rows - 1]
    const insert = `insert into ${table} ${rows === 1 ? oneRow : manyRows}`
    if (!isNoted) {
      this.#prepared(insert).run(...values)
      return []
    }
    const made = this.#prepared(`${insert} returning *`).all(...values)
    const counted = this.#prepared(`update ${versionCounter} set N = N + 1 returning N`).get()
    return insertsOf(table, made, BigInt(Number(counted?.['N'])))
  }

  #prepared(sql: string): ReturnType<DatabaseSync['prepare']> {
    const kept = this.#statements.get(sql)
    if (kept) return kept
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
