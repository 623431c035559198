import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { CaptureInMemory } from '../harness/capture-in-memory.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isThere = available('a capture', 'postgres')

const schema = `
create table trade (id int primary key, account text, price float8);
create table position (account text primary key, quantity bigint)`

it.runIf(isThere)(
  'a transaction of a program that knows nothing of us is one commit, with the position as version',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    await stage.started(['trade', 'position'])
    const received = await stage.subscribe()
    await stage.query(`begin; insert into trade values (1, 'A', 1.5); insert into position values ('A', 9007199254740993);
    update trade set price = 2 where id = 1; commit`)
    await stage.query('begin; insert into trade values (2); rollback')
    await stage.query('update trade set id = 3')
    await stage.query('delete from trade')
    await received.until('five updates', ({ updates }) => updates.length >= 5)
    const { updates } = received
    expect(updates.map(({ table, kind, record, before }) => [table, kind, record, before])).toEqual(
      [
        ['trade', 'insert', { id: 1, account: 'A', price: 1.5 }, undefined],
        ['position', 'insert', { account: 'A', quantity: '9007199254740993' }, undefined],
        ['trade', 'modify', { id: 1, account: 'A', price: 2 }, undefined],
        ['trade', 'modify', { id: 3, account: 'A', price: 2 }, { id: 1 }],
        ['trade', 'delete', { id: 3 }, undefined],
      ],
    )
    expect(updates.map(({ commit }) => Number(commit) - Number(updates[0]?.commit))).toEqual([
      0, 0, 0, 1, 2,
    ])
    const versions = updates.map(({ version }) => version ?? -1n)
    expect(versions.toSorted((one, other) => Number(one - other))).toEqual(versions)
    expect(new Set(versions).size).toBe(5)
  },
)

it.runIf(isThere)(
  'values are those of a SELECT by pg, whatever the database is set to',
  async () => {
    await using stage = await CaptureInMemory.open(
      `create domain cents as bigint; create type mood as enum ('glad', 'sad');
     create table thing (id int primary key, b bool, n numeric, t timestamptz, d date, j jsonb, y bytea, a int[], m mood, c cents, f float4, x text, i interval);
     alter database postgres set datestyle = 'German'; alter database postgres set intervalstyle = 'sql_standard';
     alter database postgres set bytea_output = 'escape'`,
    )
    await stage.started(['thing'])
    const received = await stage.subscribe()
    await stage.query(
      `insert into thing values (1, true, 12.50, '2026-03-01 09:00:00.123+01', '2026-03-01', '{"a": [1, null]}', '\\x00ff', '{1,2}', 'sad', 7, 0.1, '', '1 day 2 hours'); insert into thing values (2)`,
    )
    await received.until('both rows', ({ updates }) => updates.length >= 2)
    const [whole, empty] = received.updates.map(({ record }) => record)
    // This connection began before the settings were changed.
    const [selected, nothing] = await stage.query('select * from thing order by id')
    expect(whole).toEqual({ ...selected, y: new Uint8Array([0, 255]), i: { days: 1, hours: 2 } })
    expect(empty).toEqual(nothing)
  },
)

it.runIf(isThere)(
  'TRUNCATE is a reset of the table in its commit, behind its updates',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    await stage.started(['trade', 'position'])
    const received = await stage.subscribe()
    await stage.query(
      `begin; insert into position values ('A', 1); truncate trade; insert into trade values (1); commit`,
    )
    await received.until('the reset', ({ losses }) => losses.length > 0)
    expect(received.losses).toMatchObject([
      { table: 'trade', reason: 'reset', text: 'it was truncated' },
    ])
    expect(received.deliveries.map(({ type }) => type)).toEqual(['updates', 'loss'])
    expect(received.updates.map(({ table, kind }) => [table, kind])).toEqual([
      ['position', 'insert'],
      ['trade', 'insert'],
    ])
  },
)

it.runIf(isThere)(
  'a large value that an UPDATE leaves as it was is never left out in silence',
  async () => {
    await using stage = await CaptureInMemory.open(`
    create table short (id int primary key, n int, big text); alter table short alter big set storage external;
    create table whole (id int primary key, n int, big text); alter table whole alter big set storage external;
    alter table whole replica identity full`)
    await stage.started(['short', 'whole'])
    const received = await stage.subscribe()
    const big = 'x'.repeat(9000)
    for (const table of ['short', 'whole']) {
      await stage.query(`insert into ${table} values (1, 1, $1)`, [big])
      await stage.query(`update ${table} set n = 2`)
      await stage.query(`delete from ${table}`)
    }
    await received.until(
      'the last delete',
      ({ updates }) => updates.at(-1)?.kind === 'delete' && updates.at(-1)?.table === 'whole',
    )
    expect(received.losses).toMatchObject([
      {
        table: 'short',
        reason: 'reset',
        keys: [{ id: 1 }],
        text: 'a large value that was not changed was not sent',
      },
    ])
    expect(
      received.updates.map(({ table, kind, record, before }) => [table, kind, record, before]),
    ).toEqual([
      ['short', 'insert', { id: 1, n: 1, big }, undefined],
      ['short', 'delete', { id: 1 }, undefined],
      ['whole', 'insert', { id: 1, n: 1, big }, undefined],
      ['whole', 'modify', { id: 1, n: 2, big }, { id: 1, n: 1, big }],
      ['whole', 'delete', { id: 1, n: 2, big }, undefined],
    ])
  },
)

it.runIf(isThere)(
  'a table that is altered is a reset, whether it changes afterwards or not, and its rows have the new columns',
  async () => {
    await using stage = await CaptureInMemory.open(`${schema}; insert into trade values (1)`)
    await stage.started(['trade', 'position'])
    const received = await stage.subscribe()
    await stage.query(`insert into position values ('A', 1)`)
    await stage.query(`alter table trade add column note text default 'new'`)
    await received.until('the reset', ({ losses }) => losses.length > 0)
    expect(received.losses).toMatchObject([
      { table: 'trade', reason: 'reset', text: 'the table was altered' },
    ])
    await stage.query('update trade set price = 3')
    await received.until('the update', ({ updates }) => updates.length >= 2)
    expect(received.updates.at(-1)).toMatchObject({ record: { id: 1, price: 3, note: 'new' } })
    expect(received.losses).toHaveLength(1)
  },
)

it.runIf(isThere)(
  'a transaction that is too large is a reset of its tables, and what follows comes as always',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    const running = await stage.started(['trade', 'position'], { maxTransactionBytes: 100_000 })
    const received = await stage.subscribe()
    await stage.query(`begin; insert into position values ('A', 1);
    insert into trade select id, repeat('x', 100) from generate_series(1, 2000) id; commit`)
    await stage.query(`insert into position values ('B', 2)`)
    await received.until('what follows', ({ updates }) => updates.length > 0)
    expect(received.updates).toMatchObject([{ table: 'position', record: { account: 'B' } }])
    expect(received.losses.map(({ table, text }) => [table, text])).toEqual([
      ['position', 'a transaction of more than 100000 bytes'],
      ['trade', 'a transaction of more than 100000 bytes'],
    ])
    expect(running.log).toMatch(/reset of trade at [0-9A-F/]+: a transaction of more/)
  },
)

it.runIf(isThere)(
  'partitions are one table, and one that is truncated or attached alone is found out',
  async () => {
    await using stage = await CaptureInMemory.open(`
    create table part (id int primary key) partition by range (id);
    create table part1 partition of part for values from (0) to (10);
    create table part2 (id int primary key); insert into part2 values (15)`)
    await stage.started(['part'])
    const received = await stage.subscribe()
    await stage.query('insert into part values (1)')
    await received.until('the row', ({ updates }) => updates.length > 0)
    expect(received.updates).toMatchObject([{ table: 'part', record: { id: 1 } }])
    await stage.query('truncate part1')
    await received.until('the reset', ({ losses }) => losses.length === 1)
    await stage.query('alter table part attach partition part2 for values from (10) to (20)')
    await received.until('another reset', ({ losses }) => losses.length === 2)
    await stage.query('delete from part where id = 15')
    await received.until('the row', ({ updates }) => updates.length > 1)
    expect(received.updates.at(-1)).toMatchObject({
      table: 'part',
      kind: 'delete',
      record: { id: 15 },
    })
  },
)
