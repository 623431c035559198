// docs/VERSIONS.md on a real PostgreSQL: its statements run as they are printed, and eight connections that change
// one row give versions which keep a copy right, in whatever order publish() is called behind their commits.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Postgres } from '../harness/postgres.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/VERSIONS.md'), 'utf8')
const blocks = [...page.matchAll(/```sql\n(.*?);\n```/gs)].map(([, sql]) => sql)
const [setup = '', statements = '', onceMore = ''] = blocks
const [insert = '', update = '', remove = ''] = statements.split(';\n')

const connections = 8
const changesOfEach = 50

endProcessesAfterEach()

const hasPostgres = available('versions of a database', 'postgres')

async function tradeTable(): Promise<Postgres> {
  const postgres = await Postgres.start()
  const connection = postgres.connect()
  await connection.query('create table trade (trade_id text primary key, price numeric)')
  await connection.query(setup)
  return postgres
}

it.runIf(hasPostgres)('the statements of the page give versions that only grow', async () => {
  const connection = (await tradeTable()).connect()
  const seen: bigint[] = []
  for (const sql of [insert, update, update, remove, insert, update, remove, insert]) {
    const [version = ''] = await connection.query(sql)
    seen.push(BigInt(version))
  }
  expect(seen).toHaveLength(8)
  expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => (a < b ? -1 : 1)))
  expect(await connection.query('select version from trade')).toEqual([`${seen.at(-1)}`])
})

it.runIf(hasPostgres)(
  'an insert that waited for a delete is above it when it is changed once more',
  async () => {
    const postgres = await tradeTable()
    const [deletes, inserts, sees] = [postgres.connect(), postgres.connect(), postgres.connect()]
    await deletes.query(insert)
    await deletes.query('begin')
    await deletes.query(update)
    await inserts.query('begin')
    const inserted = inserts.query(insert)
    const waiting = `select count(*) from pg_stat_activity where wait_event_type = 'Lock'`
    await eventually('the insert waits', async () => (await sees.query(waiting))[0] === '1')
    const [ofDelete = ''] = await deletes.query(remove)
    await deletes.query('commit')
    const [ofInsert = ''] = await inserted
    const [ofChange = ''] = await inserts.query(onceMore)
    await inserts.query('commit')
    expect(Number(ofInsert)).toBeLessThan(Number(ofDelete))
    expect(Number(ofChange)).toBeGreaterThan(Number(ofDelete))
    expect(await sees.query('select version from trade')).toEqual([ofChange])
  },
)

const subscriber = `
  import { openUpdateQueue } from 'tidings'
  const [, , whenSlow] = process.argv
  const queue = await openUpdateQueue({ process: 'SUBSCRIBER', instance: whenSlow })
  let latest = null
  let isOver = false
  const trades = queue.subscribe('TRADE', {
    ...(whenSlow === 'conflate' && { whenSlow, key: 'TRADE_ID', limit: { updates: 4 } }),
    onDelivery: async ({ updates = [], losses = [] }) => {
      for (const loss of losses) console.log('loss', JSON.stringify(loss))
      for (const { version, record } of updates) {
        if (record.TRADE_ID === 'END') isOver = true
        else if (latest === null || version > latest.version) latest = { version, ...record }
      }
      if (isOver) console.log('copy', String(latest.version), latest.PRICE)
      await new Promise((resolve) => setTimeout(resolve, 1))
    },
  })
  await trades.ready
  console.log('ready')`

const publisher = `
  import { createInterface } from 'node:readline'
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'PUBLISHER' })
  console.log('open')
  for await (const line of createInterface({ input: process.stdin })) {
    const [version, TRADE_ID, PRICE] = line.split('|')
    queue.publish({ table: 'TRADE', kind: 'modify', record: { TRADE_ID, PRICE }, version: BigInt(version) })
  }
  await queue.close()`

it.runIf(hasPostgres)('a copy by version is what the database is, conflated or not', async () => {
  const product = new Product()
  const cluster = await TestCluster.start('mesh', 1, { product })
  const file = product.write('subscriber.mjs', subscriber)
  const copies = [cluster.program([file, 'repair']), cluster.program([file, 'conflate'])]
  const tells = cluster.program([product.write('publisher.mjs', publisher)])
  await Promise.all([...copies.map((copy) => copy.prints(/^ready/)), tells.prints(/^open/)])
  const postgres = await tradeTable()
  await postgres.connect().query(insert)
  const change = `update trade set price = $ where trade_id = 'T1' returning version, trade_id, price`
  await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const connection = postgres.connect()
      for (let n = 0; n < changesOfEach; n++) {
        const [row] = await connection.query(change.replace('$', `${index}.${n}`))
        tells.process.stdin?.write(`${row}\n`)
      }
    }),
  )
  const [truth = ''] = await postgres.connect().query('select version, price from trade')
  tells.process.stdin?.end(`${2n ** 62n}|END|0\n`)
  expect(await tells.ended, tells.log).toEqual({ code: 0, signal: null })
  for (const copy of copies) {
    const [line] = await copy.prints(/^copy .*/)
    expect(line).toBe(`copy ${truth.replace('|', ' ')}`)
    expect(copy.lines.filter((each) => each.startsWith('loss'))).toEqual([])
  }
})
