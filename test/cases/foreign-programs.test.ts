// A program in another language publishes JSON in a burst: every subscriber has all of it, in order, once, to the last
// digit; what cannot be read is told to both sides.
import { expect, it } from 'vitest'
import { XPublisher } from 'zeromq'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'

const burst = 20_000

endProcessesAfterEach()

const reader = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: process.argv[2] })
  void (async () => {
    for await (const event of queue.status())
      if (event.type === 'refused') console.log('refused', JSON.stringify(event))
  })()
  let next = 1
  const trades = queue.subscribe('TRADE', {
    onDelivery: ({ updates = [], losses = [] }) => {
      for (const { from, to, reason } of losses) console.log('loss', from, to, reason)
      for (const { sequence, record: { N, ID } } of updates) {
        if (ID !== undefined) console.log('ID', typeof ID, String(ID))
        else if (N !== next++) console.log('gap before', N)
        if (N === ${burst}) console.log('whole')
      }
    },
  })
  await trades.ready
  console.log('ready')`

const update = (record: string): string => `update/TRADE/{"kind":"insert","record":${record}}`

it.each(['mesh', 'proxy'] as const)('in %s', async (shape) => {
  const product = new Product()
  const cluster = await TestCluster.start(shape, 1, { product })
  const file = product.write('reader.mjs', reader)
  const readers = ['ONE', 'OTHER'].map((name) => cluster.program([file, name]))
  for (const each of readers) await each.prints(/^ready/)
  const program = new XPublisher({ linger: 60_000, sendHighWaterMark: 0 })
  program.connect(`tcp://${cluster.node().host}:${cluster.ports.inbound}`)
  await program.receive()
  for (let n = 1; n <= burst; n++) await program.send(update(`{"N":${n}}`))
  await program.send(update('{"ID":9007199254740993}'))
  await program.send(update('{"PRICE":NaN}'))
  await program.send(update('{"ID":-9223372036854775808}'))
  await program.send(update('{"ID":12}'))
  for (const each of readers) await each.prints(/^ID number/)
  program.close()
  for (const { lines } of readers)
    expect(lines.filter((line) => !line.startsWith('refused'))).toEqual([
      'ready',
      'whole',
      'ID bigint 9007199254740993',
      `loss ${burst + 2} ${burst + 2} malformed`,
      'ID bigint -9223372036854775808',
      'ID number 12',
    ])
  for (const each of readers) await each.prints(/^refused .*bad-json/)
  await cluster
    .node()
    .child.says(/1 message of a foreign program for table TRADE was not taken: bad-json/)
})
