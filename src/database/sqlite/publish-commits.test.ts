import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { openSqliteStage } from '../../../test/harness/sqlite-stage.ts'
import { taken } from '../../../test/harness/queue-pair.ts'
import type { Update } from '../../model/update.ts'
import { publishCommits } from './publish-commits.ts'

it('a statement by itself is a commit, in whatever way it is run', async () => {
  const { database, told } = await openSqliteStage()
  database.exec("insert into TRADE (ID) values ('a')")
  const update = database.prepare('update TRADE set PRICE = PRICE + 1 where ID = ? returning PRICE')
  expect(update.run('a')).toEqual({ changes: 1, lastInsertRowid: 1 })
  expect(update.get('a')).toEqual({ PRICE: 3 })
  expect(update.all('a')).toEqual([{ PRICE: 4 }])
  for (const row of update.iterate('a')) expect(row).toEqual({ PRICE: 5 })
  const named = database.prepare('update TRADE set PRICE = :price where ID = :id')
  expect(named.run({ price: 6, id: 'a' }).changes).toBe(1)
  const tags = database.createTagStore()
  expect(tags.run`delete from TRADE where ID = ${'a'}`.changes).toBe(1)
  database.exec("with x as (select 'w' as id) insert into TRADE (ID) select id from x")
  expect([...database.prepare('with x as (select 1 as one) select one from x').iterate()]).toEqual([
    { one: 1 },
  ])
  const is = (price: number): string => `ID=a PRICE=${price} NOTE=null`
  expect(await told()).toEqual([
    `insert TRADE ${is(1)} DOUBLE=2`,
    ...[2, 3, 4, 5, 6].map(
      (price) => `modify TRADE ${is(price)} DOUBLE=${price * 2} was ${is(price - 1)}`,
    ),
    `delete TRADE ${is(6)}`,
    'insert TRADE ID=w PRICE=1 NOTE=null DOUBLE=2',
  ])
})

it('a transaction is one commit: what it has made of each row, without what went back to a savepoint', async () => {
  const { database, told } = await openSqliteStage()
  database.exec("insert into TRADE (ID) values ('a'), ('b'), ('c')")
  await told()
  database.exec('begin')
  database.exec(
    "update TRADE set PRICE = 2 where ID = 'a'; update TRADE set PRICE = 3 where ID = 'a'",
  )
  database.exec(
    "savepoint s; delete from TRADE where ID = 'b'; insert into TRADE (ID) values ('x')",
  )
  database.exec('rollback to s; release s')
  database.exec(
    "update TRADE set PRICE = 9 where ID = 'c'; update TRADE set PRICE = 1 where ID = 'c'",
  )
  expect(await told()).toEqual([])
  database.exec('commit')
  expect(await told()).toEqual([
    'modify TRADE ID=a PRICE=3 NOTE=null DOUBLE=6 was ID=a PRICE=1 NOTE=null',
  ])
  database.exec('begin; delete from TRADE; rollback; begin; select 1; end')
  database.exec(
    "savepoint o; insert into TRADE (ID) values ('o'); savepoint i; insert into TRADE (ID) values ('i'); release i",
  )
  expect(await told()).toEqual([])
  database.exec('release o')
  const [line] = await told()
  expect(line?.split(' + ').toSorted()).toEqual([
    'insert TRADE ID=i PRICE=1 NOTE=null DOUBLE=2',
    'insert TRADE ID=o PRICE=1 NOTE=null DOUBLE=2',
  ])
})

it('a COMMIT that did not commit tells nothing, and the one that does tells all', async () => {
  const { database, told } = await openSqliteStage()
  database.exec("begin; insert into LEG values ('l', 't')")
  expect(() => database.exec('commit')).toThrow(/FOREIGN KEY/)
  expect(await told()).toEqual([])
  expect(database.isTransaction).toBe(true)
  database.exec("insert into TRADE (ID) values ('t'); commit")
  const [line] = await told()
  expect(line?.split(' + ').toSorted()).toEqual([
    'insert LEG ID=l TRADE=t',
    'insert TRADE ID=t PRICE=1 NOTE=null DOUBLE=2',
  ])
  // By itself it fails where it commits, and leaves nothing open.
  for (const run of ['run', 'get', 'all'] as const)
    expect(() => database.prepare("insert into LEG values ('m', 'none')")[run]()).toThrow(/FOREIGN/)
  expect(database.isTransaction).toBe(false)
  database.exec("begin; insert into TRADE (ID) values ('u')")
  expect(() => database.exec("insert or rollback into TRADE (ID) values ('t')")).toThrow(/UNIQUE/)
  expect(database.isTransaction).toBe(false)
  expect(() => database.exec('commit')).toThrow(/no transaction/)
  expect(await told()).toEqual([])
  // OR FAIL keeps what it has done before it fails.
  expect(() => database.exec("insert or fail into TRADE (ID) values ('v'), ('t'), ('w')")).toThrow(
    /UNIQUE/,
  )
  expect(await told()).toEqual(['insert TRADE ID=v PRICE=1 NOTE=null DOUBLE=2'])
})

it('a COMMIT that has to wait for a reader is told when it has committed', async () => {
  const { database, connect, told } = await openSqliteStage()
  database.exec('pragma journal_mode = delete; pragma busy_timeout = 0')
  const reader = connect()
  database.exec("begin; insert into TRADE (ID) values ('a')")
  const reading = reader.prepare('select * from TRADE union select * from TRADE').iterate()
  reader.exec('begin; select * from TRADE')
  expect(() => database.exec('commit')).toThrow(/locked/)
  expect(await told()).toEqual([])
  reading.return?.()
  reader.exec('commit')
  database.exec('commit')
  expect(await told()).toEqual(['insert TRADE ID=a PRICE=1 NOTE=null DOUBLE=2'])
})

it('tells rows that only the database knows: of triggers, cascades and replaced ones', async () => {
  const { database, told } = await openSqliteStage()
  database.exec(`create trigger NOTES after insert on LEG begin
    update TRADE set NOTE = 'has; ' || new.ID where ID = new.TRADE; end`)
  database.exec(
    "begin; insert into TRADE (ID) values ('t'); insert into LEG values ('l', 't'); commit",
  )
  database.exec("replace into TRADE (ID, PRICE) values ('t', 5)")
  database.exec("update TRADE set ID = 'moved' where ID = 't'")
  database.exec("delete from TRADE where ID = 'moved'")
  const lines = (await told()).map((line) => line.split(' + ').toSorted())
  expect(lines).toEqual([
    ['insert LEG ID=l TRADE=t', 'insert TRADE ID=t PRICE=1 NOTE=has; l DOUBLE=2'],
    // REPLACE deletes the row, and the cascade with it.
    [
      'delete LEG ID=l TRADE=t',
      'modify TRADE ID=t PRICE=5 NOTE=null DOUBLE=10 was ID=t PRICE=1 NOTE=has; l',
    ],
    ['delete TRADE ID=t PRICE=5 NOTE=null', 'insert TRADE ID=moved PRICE=5 NOTE=null DOUBLE=10'],
    ['delete TRADE ID=moved PRICE=5 NOTE=null'],
  ])
})

it.each([false, true])('gives the values of a SELECT (readBigInts: %s)', async (readBigInts) => {
  const setup = 'create table "a ""b" (K blob primary key, V, "__proto__" real) without rowid'
  const { database, subscriber, publisher } = await openSqliteStage({ setup, readBigInts })
  const updates: Update[] = []
  const subscription = subscriber.subscribe('a "b', {
    onDelivery: (delivery) => {
      if (delivery.type === 'updates') updates.push(...delivery.updates)
    },
  })
  await subscription.ready
  const insert = database.prepare('insert into "a ""b" values (?, ?, ?)')
  const values = [2n ** 53n, -(2n ** 63n), 7n, 1.5, null, 'Zürich', '', new Uint8Array([0, 255])]
  for (const [place, value] of values.entries()) insert.run(new Uint8Array([place]), value, 1)
  await taken(publisher)
  const select = database.prepare('select * from "a ""b"')
  if (!readBigInts) select.setReadBigInts(true)
  const rows = select.all()
  expect(updates).toHaveLength(values.length)
  for (const [place, { record }] of updates.entries()) {
    const row = rows[place] as Record<string, unknown>
    for (const name of Object.keys(row)) {
      const is = Object.getOwnPropertyDescriptor(record, name)?.value as unknown
      const safe =
        typeof is === 'number' && Number.isSafeInteger(is) && name === 'V' && !readBigInts
      expect(safe ? BigInt(is) : is).toEqual(row[name])
    }
  }
})

it('each change has a higher version than that of the row before, over all connections', async () => {
  const { database, connect, publisher, subscriber } = await openSqliteStage()
  const versions: bigint[] = []
  const subscription = subscriber.subscribe('TRADE', {
    onDelivery: (delivery) => {
      if (delivery.type === 'updates')
        for (const { version } of delivery.updates) versions.push(version as bigint)
    },
  })
  await subscription.ready
  const other = publishCommits(connect(), publisher)
  database.exec("insert into TRADE (ID) values ('a')")
  other.exec("update TRADE set PRICE = 2; delete from TRADE; insert into TRADE (ID) values ('a')")
  database.exec('update TRADE set PRICE = 3; delete from TRADE')
  await taken(publisher)
  expect(versions).toHaveLength(6)
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => (a < b ? -1 : 1)))
})

it('a transaction that is more than a queue takes is told as resets, and does not fail', async () => {
  const { database, told } = await openSqliteStage()
  const insert = database.prepare('insert into TRADE (ID, NOTE) values (?, ?)')
  insert.run('huge', 'x'.repeat(5 * 1024 * 1024))
  expect(await told()).toEqual([
    expect.stringMatching(/^reset TRADE: a commit that cannot be published/),
  ])
  database.exec('begin')
  for (let count = 0; count < 9; count++) insert.run(String(count), 'x'.repeat(4 * 1024 * 1024))
  database.exec('commit')
  expect(await told()).toEqual([expect.stringMatching(/^reset TRADE: a transaction of more than/)])
})

it('refuses what it cannot publish, and says what it takes', async () => {
  const { database, publisher, connect } = await openSqliteStage()
  const refuse = (wrong: unknown, options?: object): void => {
    const call = (): unknown => publishCommits(wrong as DatabaseSync, publisher, options)
    expect(call).toThrow(expect.objectContaining({ code: 'USAGE' }))
    expect(call).toThrow(/^publishCommits\(\)|USAGE: publishCommits\(\)/)
  }
  refuse(undefined)
  refuse({ prepare: () => undefined })
  refuse(database)
  const other = connect()
  refuse(other, { table: 'TRADE' })
  refuse(other, { tables: 'TRADE' })
  refuse(other, { tables: ['NONE'] })
  other.exec('begin')
  refuse(other)
  other.exec('rollback')
  expect(publishCommits(other, publisher, { tables: ['LEG'] })).toBe(other)
})
