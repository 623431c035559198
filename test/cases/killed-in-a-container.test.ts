// A process in a container, installed as users install it, that is killed: what it has not said is an open loss.
import { it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { container } from '../harness/place.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const publisher = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'PUBLISHER' })
  queue.publish({ table: 'TRADE', kind: 'insert', record: { PID: process.pid } })
  await queue.flush()
  console.log('published')`

const subscriber = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'SUBSCRIBER' })
  const trades = queue.subscribe('TRADE', {
    onDelivery: ({ type, updates = [], losses = [] }) => {
      for (const { record } of updates) console.log('update', JSON.stringify(record))
      for (const { reason, to } of losses) console.log(type, reason, to)
    },
  })
  await trades.ready
  console.log('ready')`

it.runIf(available('a container that is killed', 'container'))(
  'a process in a container that is killed is an open loss at its subscribers',
  async () => {
    const product = new Product()
    const cluster = await TestCluster.start('proxy', 1, { product })
    const hears = cluster.program([product.write('subscriber.mjs', subscriber)])
    await hears.prints(/^ready/)
    const tells = cluster.program([product.write('publisher.mjs', publisher)], 0, container)
    await tells.prints(/^published/)
    await hears.prints(/^update {"PID":1}/)
    await tells.end('SIGKILL')
    await hears.prints(/^loss gone null/)
  },
)
