// Prints each order, and where it comes from.
import { openUpdateQueue } from 'tidings'

const queue = await openUpdateQueue({ process: 'DESK', instance: process.env.INSTANCE })
queue.subscribe('ORDER', {
  onDelivery: (delivery) => {
    if (delivery.type === 'loss') console.error('read again:', delivery.losses)
    else
      for (const { publisher, record } of delivery.updates)
        console.log(`order ${record.ORDER_ID} of ${publisher.node}`)
  },
})

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void queue.close())
console.log('open')

const failure = await queue.closed
if (failure) throw failure
