import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { eventually } from '../../../test/harness/eventually.ts'
import { openSqliteStage } from '../../../test/harness/sqlite-stage.ts'
import { liveTable } from '../../live/open-live.ts'
import { publishCommits } from './publish-commits.ts'
import { readTable, snapshots } from './read-table.ts'

it('reads rows with a version that no change exceeds which they show', async () => {
  const { database, connect } = await openSqliteStage()
  const read = connect({ readOnly: true })
  const before = readTable(read, 'TRADE')
  database.exec("insert into TRADE (ID) values ('a'), ('b')")
  const behind = readTable<{ ID: string }>(read, 'TRADE')
  expect(before.rows).toEqual([])
  expect(behind.rows.map(({ ID }) => ID)).toEqual(['a', 'b'])
  expect(behind.version - before.version).toBe(2n)
  expect(readTable(read, 'TRADE', { key: 'ID', keys: ['b', 'none'] }).rows).toEqual([
    { ID: 'b', PRICE: 1, NOTE: null, DOUBLE: 2 },
  ])
  const keys = [{ PRICE: 1, ID: 'a' }]
  expect(readTable(read, 'TRADE', { key: ['ID', 'PRICE'], keys }).rows).toHaveLength(1)
  const all = await snapshots(read)(async (snapshot) => [
    snapshot.read('LEG').rows.length,
    snapshot.read('TRADE').version,
  ])
  expect(all).toEqual([0, behind.version])
  expect(read.isTransaction).toBe(false)
})

it('of a database that nobody has ever published the version is 0n', () => {
  const database = new DatabaseSync(':memory:')
  database.exec('create table T (ID); insert into T values (1)')
  expect(readTable(database, 'T')).toEqual({ rows: [{ ID: 1 }], version: 0n })
  expect(() => readTable(database, 'NONE')).toThrow(/no such table/)
  expect(database.isTransaction).toBe(false)
  database.close()
})

it('refuses to read what is not committed', async () => {
  const { database } = await openSqliteStage()
  database.exec('begin')
  expect(() => readTable(database, 'TRADE')).toThrow(/not committed/)
  database.exec('rollback')
  expect(() => readTable({} as DatabaseSync, 'TRADE')).toThrow(/node:sqlite/)
})

it('a live table of two writers is what the database is', async () => {
  const { database, connect, subscriber } = await openSqliteStage()
  const other = publishCommits(connect(), subscriber)
  const read = connect({ readOnly: true })
  const trades = await liveTable(subscriber, {
    table: 'TRADE',
    key: 'ID',
    read: () => readTable<{ ID: string; PRICE: number }>(read, 'TRADE'),
    readKeys: (keys) => readTable(read, 'TRADE', { key: 'ID', keys }),
  })
  for (let count = 0; count < 60; count++) {
    const writer = count % 2 === 0 ? database : other
    writer.exec(
      `insert into TRADE (ID) values ('t${count % 7}') on conflict do update set PRICE = PRICE + 1`,
    )
    if (count % 5 === 0) writer.exec(`delete from TRADE where ID = 't${(count + 3) % 7}'`)
  }
  connect().exec("insert into TRADE (ID) values ('bypass')")
  const rows = (all: Iterable<object>): string[] =>
    Array.from(all, (row) => JSON.stringify(row)).toSorted()
  const isEqual = (): boolean =>
    String(rows(trades.values())) === String(rows(readTable<object>(read, 'TRADE').rows))
  await eventually('the rows are equal', () => trades.get('bypass') && isEqual())
  expect(trades.get('bypass')).toMatchObject({ PRICE: 1 })
  await trades.close()
})
