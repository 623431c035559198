// What goes wrong in other adapters, on a real PostgreSQL: what did not commit is not told, what did is, and what nobody can tell is
// a reset.
import { Pool, type PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { publishCommits } from '../../src/database/postgres/index.ts'
import { install } from '../../src/database/postgres/installation.ts'
import { openUpdateQueue, type UpdateQueue } from '../../src/index.ts'
import { MemoryCluster } from '../../src/testing/index.ts'
import { endChildren } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { Postgres } from '../harness/postgres.ts'
import { available } from '../harness/tools.ts'

const hasPostgres = available('traps of PostgreSQL', 'postgres')

const tables = `
  create table trade (id text primary key, price numeric default 10, twice numeric generated always as (price * 2) stored, bid bigint);
  create table leg (id int primary key, trade text references trade on delete cascade);
  create table once (id int, constraint once_id unique (id) deferrable initially deferred);
  create table mark (number int primary key);
  create table part (id int primary key, text text) partition by range (id);
  create table part_low partition of part for values from (0) to (100);
  create function raise_bid() returns trigger language plpgsql as $$ begin new.bid := coalesce(new.bid, 0) + 1; return new; end $$;
  create trigger bids before update on trade for each row execute function raise_bid();
  create procedure add_and_fail() language plpgsql as $$ begin
    insert into trade (id) values ('P1'); commit; insert into trade (id) values ('P2'); raise exception 'failed'; end $$`

let postgres: Postgres
let queue: UpdateQueue
let pool: Pool
let outside: Pool
const heard: string[] = []
let marks = 0

if (hasPostgres) {
  beforeAll(async () => {
    postgres = await Postgres.start(undefined, undefined, ['max_prepared_transactions=5'])
    outside = new Pool({ ...postgres.config, max: 2 })
    await outside.query(tables)
    const client = await outside.connect()
    await install(client, ['trade', 'leg', 'once', 'mark', 'part'])
    client.release()
    const cluster = new MemoryCluster()
    queue = await openUpdateQueue({ process: 'WRITER', transport: cluster.transport() })
    const trades = queue.subscribe('*', {
      onDelivery: (delivery) => {
        if (delivery.type === 'loss')
          for (const { table, text } of delivery.losses) heard.push(`reset ${table}: ${text}`)
        if (delivery.type === 'updates')
          for (const { table, kind, record, commit } of delivery.updates)
            heard.push(`${commit} ${kind} ${table} ${JSON.stringify(record)}`)
      },
    })
    await trades.ready
    pool = publishCommits(new Pool({ ...postgres.config, max: 4 }), queue)
    await hears(/^reset trade: nobody listened before/)
  })
  afterAll(async () => {
    await pool.end()
    await outside.end()
    await queue.close()
    await endChildren()
  })
  beforeEach(async () => {
    await pool.query(`delete from leg; delete from trade; delete from once; delete from part`)
    await pool.query(`insert into trade (id) values ('T1'), ('T2')`)
    await told()
  })
}

/** What was told since it was asked last: the changes of each commit, and resets. */
async function told(): Promise<string[]> {
  const number = ++marks
  await pool.query('insert into mark values ($1)', [number])
  const isMark = (line: string): boolean => line.endsWith(`insert mark {"number":${number}}`)
  await eventually('the mark is told', () => heard.some(isMark))
  const lines = heard.splice(0).filter((line) => !isMark(line))
  const commits = [...new Set(lines.map((line) => line.split(' ')[0]))]
  return lines.map((line) => line.replace(/^\d+/, (commit) => String(commits.indexOf(commit))))
}

async function hears(pattern: RegExp): Promise<void> {
  await eventually(`${pattern} is told`, () => heard.some((line) => pattern.test(line)))
}

async function withClient(run: (client: PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect()
  try {
    await run(client)
  } finally {
    client.release()
  }
}

const run = (...statements: string[]): Promise<void> =>
  withClient(async (client) => {
    for (const statement of statements) await client.query(statement).catch(() => undefined)
  })

const bid = (id: string, count: number) =>
  `{"id":"${id}","price":"10","twice":"20","bid":"${count}"}`
const update = (id: string) => `update trade set price = price where id = '${id}'`

it.runIf(hasPostgres)(
  'a commit of a failed transaction, which PostgreSQL answers with ROLLBACK, tells nothing',
  async () => {
    await withClient(async (client) => {
      await client.query('begin')
      await client.query(update('T1'))
      await client.query('select 1 / 0').catch(() => undefined)
      expect((await client.query('commit')).command).toBe('ROLLBACK')
    })
    expect(await told()).toEqual([])
  },
)

it.runIf(hasPostgres)(
  'a commit that fails tells nothing: a deferred constraint, a serialisation failure',
  async () => {
    await run('begin', update('T1'), 'insert into once values (1), (1)', 'commit')
    expect(await told()).toEqual([])
    const [one, other] = [await pool.connect(), await pool.connect()]
    for (const client of [one, other]) {
      await client.query('begin isolation level serializable')
      await client.query('select sum(price) from trade')
    }
    await one.query(`insert into trade (id) values ('S1')`)
    await other.query(`insert into trade (id) values ('S2')`)
    await one.query('commit')
    await expect(other.query('commit')).rejects.toMatchObject({ code: '40001' })
    one.release()
    other.release()
    expect(await told()).toEqual([
      `0 insert trade {"id":"S1","price":"10","twice":"20","bid":null}`,
    ])
  },
)

it.runIf(hasPostgres)(
  'what a savepoint or an EXCEPTION block undid is not told, the rest is',
  async () => {
    await run(
      'begin',
      update('T1'),
      'savepoint s',
      update('T2'),
      'rollback to savepoint s',
      'commit',
    )
    await run(
      `do $$ begin begin ${update('T2')}; raise exception 'x'; exception when others then null; end; ${update('T1')}; end $$`,
    )
    expect(await told()).toEqual([
      `0 modify trade ${bid('T1', 1)}`,
      `1 modify trade ${bid('T1', 2)}`,
    ])
  },
)

it.runIf(hasPostgres)(
  'rows are those of the database: defaults, generated columns, triggers, cascades',
  async () => {
    await pool.query(`insert into leg values (1, 'T1')`)
    await pool.query('update trade set price = price + 1')
    await pool.query(`delete from trade where id = 'T1'`)
    expect(await told()).toEqual([
      `0 insert leg {"id":1,"trade":"T1"}`,
      `1 modify trade {"id":"T1","price":"11","twice":"22","bid":"1"}`,
      `1 modify trade {"id":"T2","price":"11","twice":"22","bid":"1"}`,
      `2 delete trade {"id":"T1","price":"11","twice":"22","bid":"1"}`,
      `2 delete leg {"id":1,"trade":"T1"}`,
    ])
  },
)

it.runIf(hasPostgres)(
  'changes that are told early, by SET CONSTRAINTS, count if nothing of the transaction was undone',
  async () => {
    const early = 'set constraints all immediate'
    await run('begin', early, update('T1'), 'commit')
    await run('begin', early, update('T1'), 'rollback')
    expect(await told()).toEqual([`0 modify trade ${bid('T1', 1)}`])
    await run('begin', early, update('T1'), 'savepoint s', update('T2'), 'rollback to s', 'commit')
    expect(await told()).toEqual(['reset trade: a part of the transaction was rolled back'])
    await run(
      'begin',
      early,
      update('T1'),
      'savepoint s',
      'select 1 / 0',
      'rollback to s',
      'commit',
    )
    expect(await told()).toEqual(['reset trade: a part of the transaction failed'])
    await run(
      `do $$ begin ${early}; begin ${update('T1')}; raise exception 'x'; exception when others then null; end; end $$`,
    )
    expect(await told()).toEqual([
      'reset trade: a function committed, or checked constraints early',
    ])
  },
)

it.runIf(hasPostgres)(
  'several statements in one query, and transactions that follow each other at once',
  async () => {
    await run(`begin; ${update('T1')}; commit; begin; ${update('T2')}; rollback`)
    await run(`${update('T1')}; ${update('T2')}`)
    await run('begin', update('T1'), 'commit and chain', update('T2'), 'rollback')
    expect(await told()).toEqual([
      `0 modify trade ${bid('T1', 1)}`,
      `1 modify trade ${bid('T1', 2)}`,
      `1 modify trade ${bid('T2', 1)}`,
      `2 modify trade ${bid('T1', 3)}`,
    ])
  },
)

it.runIf(hasPostgres)(
  'a procedure that has committed a part before it failed: its table is read again',
  async () => {
    await run('call add_and_fail()')
    expect(await told()).toEqual([
      'reset trade: a function committed, or checked constraints early',
    ])
  },
)

it.runIf(hasPostgres)(
  'a table that the transaction has changed is truncated or altered behind SET CONSTRAINTS alone',
  async () => {
    const client = await pool.connect()
    for (const statement of ['truncate leg', 'alter table leg add column note text']) {
      await client.query('begin')
      await client.query(`insert into leg values (1, 'T1')`)
      await expect(client.query(statement)).rejects.toMatchObject({ code: '55006' })
      await client.query('rollback')
      await client.query('begin')
      await client.query(`insert into leg values (1, 'T1')`)
      await client.query('set constraints all immediate')
      await client.query(statement)
      await client.query('rollback')
    }
    client.release()
    expect(await told()).toEqual([])
  },
)

it.runIf(hasPostgres)('a TRUNCATE is a reset, and none where it was rolled back', async () => {
  await run('begin', 'truncate once', 'rollback')
  expect(await told()).toEqual([])
  await run('truncate once')
  await hears(/^reset once: changed by a program that does not publish, or truncated/)
})

it.runIf(hasPostgres)(
  'a prepared transaction is told when it is committed, as resets of all tables',
  async () => {
    await run('begin', update('T1'), `prepare transaction 'later'`)
    expect(await told()).toEqual([])
    await run(`commit prepared 'later'`)
    expect((await told()).filter((line) => line.startsWith('reset trade'))).toEqual([
      'reset trade: a prepared transaction was committed',
    ])
  },
)

it.runIf(hasPostgres)('COPY, and a table of partitions, whose rows may move', async () => {
  await pool.query(`copy trade (id) from program 'printf "C1\\nC2\\n"'`)
  await pool.query(`create table part_high partition of part for values from (100) to (200)`)
  await pool.query(`insert into part values (1, 'a')`)
  await pool.query(`update part set id = 101`)
  expect(await told()).toEqual([
    `0 insert trade {"id":"C1","price":"10","twice":"20","bid":null}`,
    `0 insert trade {"id":"C2","price":"10","twice":"20","bid":null}`,
    `1 insert part {"id":1,"text":"a"}`,
    `2 delete part {"id":1,"text":"a"}`,
    `2 insert part {"id":101,"text":"a"}`,
  ])
})

it.runIf(hasPostgres)('a table that was altered is told as it is now', async () => {
  await outside.query('alter table once rename id to number; alter table once add note text')
  await pool.query(`insert into once values (7, 'new')`)
  expect(await told()).toEqual([`0 insert once {"number":7,"note":"new"}`])
  await outside.query('alter table once drop note; alter table once rename number to id')
})

it.runIf(hasPostgres)(
  'two changes of a row in a commit have rising versions, also beside those of others',
  async () => {
    const versions: bigint[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const watch = queue.subscribe('trade', {
      onDelivery: (delivery) => {
        if (delivery.type === 'updates')
          versions.push(...delivery.updates.map(({ version = 0n }) => version))
        if (versions.length === 5) resolve()
      },
    })
    await watch.ready
    await run('begin', update('T1'), update('T1'), update('T1'), 'commit')
    await run(update('T1'), update('T1'))
    await promise
    await watch.stop()
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => (a < b ? -1 : 1)))
  },
)

it.runIf(hasPostgres)(
  'a connection whose name the application sets is found out, and then marked again',
  async () => {
    await withClient(async (client) => {
      await client.query(`set application_name = 'mine'`)
      await client.query('select')
      await client.query(update('T1'))
      const { rows } = await client.query(`select current_setting('application_name') as name`)
      expect(rows).toEqual([{ name: 'mine [tidings]' }])
    })
    expect(await told()).toEqual([`0 modify trade ${bid('T1', 1)}`])
    await outside.query(update('T2'))
    await hears(/^reset trade: changed by a program/)
  },
)

it.runIf(hasPostgres)('the application hears its own notices, and none of ours', async () => {
  const notices: (string | undefined)[] = []
  await withClient(async (client) => {
    client.on('notice', ({ message }) => notices.push(message))
    await client.query(update('T1'))
    await client.query(`do $$ begin raise notice 'mine'; end $$`)
  })
  expect(notices).toEqual(['mine'])
  expect(await told()).toHaveLength(1)
})

it.runIf(hasPostgres)(
  'a connection that is lost amid a statement may have committed: all tables are read again',
  async () => {
    const client = await pool.connect()
    client.on('error', () => undefined)
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const statement = expect(client.query(`select pg_sleep(600)`)).rejects.toThrow(/terminat/)
    await outside.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await statement
    client.release(true)
    await hears(/^reset trade: a connection was lost amid a statement/)
  },
)
