import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { openUpdateQueue } from 'tidings'
import { publishCommits } from 'tidings/sqlite'

const queue = await openUpdateQueue({ process: 'WRITER', publishes: ['TRADE'] })
const file = new DatabaseSync('trades.db')
file.exec('pragma journal_mode = wal')
file.exec('create table if not exists TRADE (ID text primary key, PRICE real)')
const database = publishCommits(file, queue)
const put = database.prepare(
  'insert into TRADE values (?, ?) on conflict do update set PRICE = excluded.PRICE',
)
const remove = database.prepare('delete from TRADE where ID = ?')

console.log('a trade and its price is a line: T1 101.5; a trade alone is deleted: T1')
for await (const line of createInterface({ input: process.stdin })) {
  const [id, price] = line.trim().split(/\s+/)
  if (id && price !== undefined) put.run(id, Number(price))
  else if (id) remove.run(id)
}
await queue.close()
