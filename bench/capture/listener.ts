// A process that tells when it was handed each row of `tick`: its number, and the time by the clock of the machine.
import { openUpdateQueue } from '../../src/index.ts'

const queue = await openUpdateQueue<{ tick: { id: number } }>({ process: 'LISTENER' })
const ticks = queue.subscribe('tick', {
  onDelivery: (delivery) => {
    if (delivery.type !== 'updates') return
    const at = process.hrtime.bigint()
    for (const { record } of delivery.updates) console.log(`${record.id} ${at}`)
  },
})
await ticks.ready
console.log('ready')
process.once('SIGTERM', () => {
  queue.close().catch(() => undefined)
})
