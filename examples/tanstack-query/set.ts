// Sets the price of a trade: node set.ts T1 101.5
import { openUpdateQueue } from 'tidings'
import { publishCommits } from 'tidings/sqlite'
import { openPrices, type Trade } from './prices.ts'

const [id = 'T1', price = '100'] = process.argv.slice(2)
const queue = await openUpdateQueue<{ TRADE: Trade }>({ script: 'SET', publishes: ['TRADE'] })
const database = publishCommits(openPrices(), queue)
database
  .prepare('insert into TRADE values (?, ?) on conflict do update set PRICE = excluded.PRICE')
  .run(id, Number(price))
await queue.close()
