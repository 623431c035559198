import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Product } from '../harness/product.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'

/** Of each line a transaction on a real database: a price, and whether it is rolled back. Says the token of what was committed. */
const writer = `
  import { DatabaseSync } from 'node:sqlite'
  import { createInterface } from 'node:readline'
  import { changed, openUpdateQueue } from 'tidings'
  const database = new DatabaseSync(process.argv[2])
  database.exec('create table trade (TRADE_ID text primary key, PRICE integer)')
  const queue = await openUpdateQueue({ process: 'WRITER' })
  const transaction = (work) => {
    database.exec('begin')
    try {
      const value = work()
      database.exec('commit')
      return value
    } catch (error) {
      database.exec('rollback')
      throw error
    }
  }
  const setPrice = (TRADE_ID, PRICE) => {
    database.prepare('insert or replace into trade values (?, ?)').run(TRADE_ID, PRICE)
    changed({ table: 'TRADE', kind: 'modify', record: { TRADE_ID, PRICE } })
  }
  console.log('open')
  for await (const line of createInterface({ input: process.stdin })) {
    const [price, isUndone] = line.split(' ')
    const onPublished = ({ token }) => console.log('token', token)
    await queue
      .commit(() => transaction(() => {
        setPrice('T1', Number(price))
        if (isUndone) throw new Error('rolled back')
      }), { onPublished })
      .catch(({ message }) => console.log(message))
  }
  await queue.close()`

/** Keeps the prices; of each line, a token, says the price when that was seen. */
const reader = `
  import { DatabaseSync } from 'node:sqlite'
  import { createInterface } from 'node:readline'
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'READER' })
  const prices = new Map()
  const trades = queue.subscribe('TRADE', {
    onDelivery: async (delivery) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (delivery.type === 'updates')
        for (const { record } of delivery.updates) prices.set(record.TRADE_ID, record.PRICE)
      if (delivery.type !== 'loss') return
      const database = new DatabaseSync(process.argv[2])
      for (const { TRADE_ID, PRICE } of database.prepare('select * from trade').all()) prices.set(TRADE_ID, PRICE)
      database.close()
      for (const { reason, text } of delivery.losses) console.log('read again:', reason, text, prices.get('T1'))
    },
  })
  await trades.ready
  console.log('ready')
  for await (const token of createInterface({ input: process.stdin })) {
    await trades.seen(token)
    console.log('price', prices.get('T1'))
  }
  await queue.close()`

it.each(['mesh', 'proxy'] as const)(
  'what a transaction wrote is seen by who has its token, and a reset has the table read again (%s)',
  async (shape) => {
    const product = new Product()
    const cluster = await TestCluster.start(shape, 1, { product })
    const database = join(scratchDirectory(), 'trades.db')
    const writes = cluster.program([product.write('writer.mjs', writer), database])
    await writes.prints(/^open/)
    const reads = cluster.program([product.write('reader.mjs', reader), database])
    await reads.prints(/^ready/)
    for (const price of [101, 102, 103]) {
      writes.process.stdin?.write(`${price}\n`)
      const tokens = (): string[] => writes.lines.filter((line) => line.startsWith('token '))
      await writes.until('the token', () => tokens().length === price - 100)
      reads.process.stdin?.write(`${tokens().at(-1)?.slice('token '.length)}\n`)
      await reads.until('the price', () => reads.lines.includes(`price ${price}`))
    }
    writes.process.stdin?.write('7 undone\n')
    await writes.prints(/^rolled back/)
    const reset = '{"table":"TRADE","kind":"reset","reason":"by hand"}'
    expect(await cluster.run(['publish', '--updates', reset])).toMatchObject({ code: 0 })
    await reads.prints(/^read again: reset by hand 103$/)
    writes.process.stdin?.end()
    expect(await writes.ended, writes.log).toEqual({ code: 0, signal: null })
    reads.process.stdin?.end()
    expect(await reads.ended, reads.log).toEqual({ code: 0, signal: null })
    expect(reads.lines.filter((line) => line.startsWith('price'))).toEqual([
      'price 101',
      'price 102',
      'price 103',
    ])
  },
)
