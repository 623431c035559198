// Sets the price of a trade: node set.js T1 101.5
import { openUpdateQueue } from 'tidings'
import { publishCommits } from 'tidings/sqlite'
import { openTrades } from './trades.js'

const [id = 'T1', price = '100'] = process.argv.slice(2)
const queue = await openUpdateQueue({ script: 'SET', publishes: ['TRADE'] })
publishCommits(openTrades(), queue)
  .prepare('insert into TRADE values (?, ?) on conflict do update set PRICE = excluded.PRICE')
  .run(id, Number(price))
await queue.close()
