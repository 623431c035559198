// A publisher stands still for longer than it may, and goes on: what was open ends, for each table and for '*'.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

const publisher = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'PUBLISHER' })
  let N = 0
  console.log('open')
  setInterval(() => queue.publish({ table: 'TRADE', kind: 'insert', record: { N: ++N } }), 50)`

const subscriber = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'SUBSCRIBER' })
  const [, , word] = process.argv
  let last = 0
  const subscription = queue.subscribe(word === 'all' ? '*' : word, {
    onDelivery: ({ updates = [], losses = [] }) => {
      for (const { table, to, reason, ends = false } of losses)
        console.log('loss', table, reason, to === null ? 'open' : 'known', ends)
      for (const { record: { N } } of updates) {
        if (N !== last + 1) console.log('gap', last, N)
        last = N
        if (N % 10 === 0) console.log('heard', N)
      }
    },
  })
  await subscription.ready
  console.log('ready')`

it.each([
  ['all', ['TRADE', 'null']],
  ['TRADE', ['TRADE']],
])('of a subscription to %s', async (word, tables) => {
  const product = new Product()
  const cluster = await TestCluster.start('mesh', 1, { product })
  const hears = cluster.program([product.write('subscriber.mjs', subscriber), word])
  await hears.prints(/^ready/)
  const tells = cluster.program([product.write('publisher.mjs', publisher)])
  await hears.prints(/^heard 10$/)
  tells.signal('SIGSTOP')
  for (const table of tables) await hears.prints(new RegExp(`^loss ${table} gone open false$`))
  tells.signal('SIGCONT')
  for (const table of tables) await hears.prints(new RegExp(`^loss ${table} gone known true$`))
  const heard = hears.lines.length
  await hears.until('it goes on', () =>
    hears.lines.slice(heard).some((line) => line.startsWith('heard')),
  )
  expect(hears.lines.filter((line) => line.startsWith('gap'))).toEqual([])
  expect(hears.lines.filter((line) => line.startsWith('loss'))).toHaveLength(2 * tables.length)
})
