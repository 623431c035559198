import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Random } from '../../../src/base/random.ts'
import { publishCommits, readTable, snapshots } from '../../../src/database/sqlite/index.ts'
import { liveTables } from '../../../src/live/index.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import type { LiveDatabase, LiveName, LiveSchema, LiveWriter } from './live-database.ts'

const schema = `
  create table ACCOUNT (ID text primary key, OWNER text, AMOUNT integer not null) strict;
  create table ENTRY (
    ACCOUNT text not null references ACCOUNT (ID) on delete cascade, NUMBER integer not null, AMOUNT integer not null,
    primary key (ACCOUNT, NUMBER)
  ) strict;`

/** How long a transaction waits for that of another process, milliseconds: far longer than any lasts. */
const waitMs = 60_000

const accounts = 12
const entries = 5

export const sqliteLive: LiveDatabase = {
  // One connection of a process has one transaction.
  lanes: 1,
  start: () => Promise.resolve({ place: join(scratchDirectory(), 'live.db'), kill: null }),
  async create(place) {
    const database = open(place)
    database.exec(`pragma journal_mode = wal; ${schema}`)
    database.close()
    await Promise.resolve()
  },
  async publishing(place, queue) {
    return Promise.resolve(writerOf(publishCommits(open(place), queue)))
  },
  async bypassing(place) {
    return Promise.resolve(writerOf(open(place)))
  },
  async reading(place) {
    const [plain, kept] = [open(place), open(place)]
    const read = <Name extends LiveName>(table: Name, key: string | readonly string[]) => ({
      read: ({ within }: { within: Snapshot }) => within.read<LiveSchema[Name]>(table),
      readKeys: (keys: readonly unknown[], { within }: { within: Snapshot }) =>
        within.read<LiveSchema[Name]>(table, { key, keys }),
    })
    return Promise.resolve({
      rows: (table) => Promise.resolve(readTable<object>(plain, table).rows),
      async keep(queue) {
        const live = await liveTables(
          queue,
          {
            ACCOUNT: { key: 'ID', ...read('ACCOUNT', 'ID') },
            ENTRY: { key: ['ACCOUNT', 'NUMBER'], ...read('ENTRY', ['ACCOUNT', 'NUMBER']) },
          },
          { within: snapshots(kept) },
        )
        return {
          rows: (table) => live.tables[table].values() as Iterable<object>,
          settled: () => live.settled(),
        }
      },
      close() {
        plain.close()
        kept.close()
        return Promise.resolve()
      },
    })
  },
}

type Snapshot = Parameters<Parameters<ReturnType<typeof snapshots>>[0]>[0]

function open(place: string): DatabaseSync {
  const database = new DatabaseSync(place, { timeout: waitMs })
  database.exec('pragma synchronous = off')
  return database
}

function writerOf(database: DatabaseSync): LiveWriter {
  return { transaction: (random) => Promise.resolve(transaction(database, random)) }
}

const pick = (random: Random, count: number): number => Math.floor(random() * count)

/** Changes a few rows, in each of the ways that a transaction may take. */
function transaction(database: DatabaseSync, random: Random): void {
  const way = random()
  if (way < 0.3) return change(database, random)
  database.exec('begin immediate')
  change(database, random)
  if (way < 0.5) {
    database.exec('savepoint s')
    for (let count = 0; count < 3; count++) change(database, random)
    database.exec(way < 0.4 ? 'rollback to s' : 'release s')
  }
  for (let count = pick(random, 4); count > 0; count--) change(database, random)
  database.exec(way < 0.9 ? 'commit' : 'rollback')
}

function change(database: DatabaseSync, random: Random): void {
  const id = `A${pick(random, accounts)}`
  const number = 1 + pick(random, entries)
  const amount = pick(random, 1000)
  const run = (sql: string, ...values: (string | number)[]): void =>
    void database.prepare(sql).run(...values)
  const kind = random()
  if (kind < 0.4)
    run(
      `insert into ACCOUNT values (?, 'new', ?)
       on conflict do update set AMOUNT = AMOUNT + 1, OWNER = OWNER || 'x' where length(OWNER) < 40`,
      id,
      amount,
    )
  else if (kind < 0.75)
    run(
      `insert into ENTRY select ID, ?, ? from ACCOUNT where ID = ?
       on conflict do update set AMOUNT = AMOUNT + excluded.AMOUNT`,
      number,
      amount,
      id,
    )
  else if (kind < 0.85) run('delete from ACCOUNT where ID = ?', id)
  else if (kind < 0.95) run('replace into ACCOUNT values (?, ?, ?)', id, 'replaced', amount)
  else run('update ENTRY set AMOUNT = AMOUNT + 1 where ACCOUNT < ?', id)
}
