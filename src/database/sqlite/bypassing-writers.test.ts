import { expect, it } from 'vitest'
import { eventually } from '../../../test/harness/eventually.ts'
import { listen, openSqliteStage } from '../../../test/harness/sqlite-stage.ts'
import { publishCommits } from './publish-commits.ts'

const bypassed = (table: string): string =>
  `reset ${table}: changed by a program that does not publish`

it('a program that does not publish is found out, by the tables that it has changed', async () => {
  const { connect, heard, told, events } = await openSqliteStage()
  const other = connect()
  other.exec("begin; insert into TRADE (ID) values ('a'); rollback")
  other.exec("insert into TRADE (ID) values ('b')")
  await eventually('the reset', () => heard.length > 0)
  expect(await told()).toEqual([bypassed('TRADE')])
  expect(events).toEqual([
    { type: 'reset', tables: ['TRADE'], reason: 'changed by a program that does not publish' },
  ])
  other.exec("replace into TRADE (ID) values ('b'); insert into LEG values ('l', 'b')")
  other.exec('delete from LEG')
  await eventually('both', () => heard.length >= 2)
  expect((await told()).toSorted()).toEqual([bypassed('LEG'), bypassed('TRADE')])
})

it('what was changed while nobody published is told to begin with', async () => {
  const { database, connect, heard, told, publisher } = await openSqliteStage()
  database.close()
  connect().exec("insert into TRADE (ID) values ('b')")
  expect(await told()).toEqual([])
  publishCommits(connect(), publisher)
  await eventually('the reset', () => heard.length > 0)
  expect(await told()).toEqual([bypassed('TRADE')])
})

it('two processes that publish do not take each other for such programs', async () => {
  const { database, connect, subscriber, heard, told, events } = await openSqliteStage()
  const other = publishCommits(connect(), subscriber, { onEvent: (event) => events.push(event) })
  for (let count = 0; count < 50; count++) {
    database.exec(`insert into TRADE (ID) values ('a${count}')`)
    other.exec(`insert into TRADE (ID) values ('b${count}')`)
  }
  connect().exec("insert into LEG values ('end', null)")
  await eventually('the end', () => events.length > 0)
  const isInsert = (line: string) => line.startsWith('insert TRADE')
  await eventually('all that both have published', () => heard.filter(isInsert).length >= 100)
  const lines = await told()
  expect(lines.filter((line) => line.startsWith('reset'))).toEqual([bypassed('LEG')])
  expect(lines.filter(isInsert)).toHaveLength(100)
})

it('what nobody can tell by its key is told as a reset: tables without one, and keys that are null', async () => {
  const { database, heard, told } = await openSqliteStage()
  database.exec('insert into NOKEY values (1, 2)')
  database.exec('insert into TRADE (ID) values (null)')
  await eventually('both', () => heard.length >= 2)
  expect((await told()).toSorted()).toEqual([bypassed('NOKEY'), bypassed('TRADE')])
})

it('statements that were prepared before are no way around it', async () => {
  const { connect, publisher, heard, told } = await openSqliteStage()
  const plain = connect()
  const insert = plain.prepare("insert into TRADE (ID) values ('a')")
  const commit = plain.prepare('commit')
  const database = publishCommits(plain, publisher)
  insert.run()
  await eventually('the reset', () => heard.length > 0)
  expect(await told()).toEqual([bypassed('TRADE')])
  database.exec("begin; insert into LEG values ('l', null)")
  commit.run()
  database.exec('select 1')
  expect(await told()).toEqual(['reset LEG: a transaction that ended unseen'])
})

it('a database that is closed and opened again goes on', async () => {
  const { database, told } = await openSqliteStage()
  database.close()
  database.open()
  database.exec("insert into TRADE (ID) values ('a')")
  expect(await told()).toEqual(['insert TRADE ID=a PRICE=1 NOTE=null DOUBLE=2'])
})

it('commits behind close() of the queue are told by another process', async () => {
  const { database, connect, publisher, subscriber } = await openSqliteStage()
  const heard = await listen(subscriber)
  publishCommits(connect(), subscriber)
  database.exec("begin; insert into LEG values ('l', null)")
  await publisher.close()
  database.exec('commit')
  database.exec("insert into TRADE (ID) values ('a')")
  await eventually('both', () => heard.length >= 2)
  expect(heard.toSorted()).toEqual([bypassed('LEG'), bypassed('TRADE')])
})

it('a table that is made later is published, and one that was altered with its rows is told as a reset', async () => {
  const { database, heard, told } = await openSqliteStage()
  database.exec(
    'begin; create table NEW (ID integer primary key); commit; insert into NEW values (1)',
  )
  expect(await told()).toEqual(['insert NEW ID=1'])
  database.exec("begin; alter table NEW add column V; insert into NEW values (2, 'v'); commit")
  expect(await told()).toEqual(['reset NEW: the transaction has altered tables'])
  database.exec("insert into NEW values (3, 'v')")
  expect(await told()).toEqual(['insert NEW ID=3 V=v'])
  database.exec('create table COPIED as select * from NEW')
  await eventually('it is told', () => heard.length > 0)
  expect(await told()).toEqual([bypassed('COPIED')])
})

it('a table that another program makes anew is told as a reset, and published from then on', async () => {
  const { database, connect, heard, told } = await openSqliteStage()
  connect().exec(
    `drop table LEG; create table LEG (ID text not null primary key, NEW); insert into LEG values ('l', 1)`,
  )
  await eventually('the reset', () => heard.length > 0)
  expect(await told()).toEqual([bypassed('LEG')])
  database.exec('update LEG set NEW = 2')
  expect(await told()).toEqual(['modify LEG ID=l NEW=2 was ID=l NEW=1'])
})

it('only the tables that were named are published', async () => {
  const { database, told } = await openSqliteStage({ tables: ['TRADE'] })
  database.exec("insert into LEG values ('l', null); insert into TRADE (ID) values ('a')")
  expect(await told()).toEqual(['insert TRADE ID=a PRICE=1 NOTE=null DOUBLE=2'])
})

it('a database that is published is not replaced by other bytes', async () => {
  const { database, told } = await openSqliteStage()
  if ('deserialize' in database)
    expect(() => database.deserialize(new Uint8Array(10))).toThrow(/publish the one/)
  database.exec("insert into LEG values ('l', null)")
  expect(await told()).toEqual(['insert LEG ID=l TRADE=null'])
})
