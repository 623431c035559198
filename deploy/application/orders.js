// Publishes an order each second.
import { openUpdateQueue } from 'tidings'

// Replicas on one node have an instance each.
const queue = await openUpdateQueue({ process: 'ORDERS', instance: process.env.INSTANCE })
let orders = 0
const timer = setInterval(() => {
  orders += 1
  queue.publish({ table: 'ORDER', kind: 'insert', record: { ORDER_ID: orders } })
}, 1000)

for (const signal of ['SIGTERM', 'SIGINT'])
  process.once(signal, () => {
    clearInterval(timer)
    void queue.close()
  })
console.log('open')

const failure = await queue.closed
if (failure) throw failure
