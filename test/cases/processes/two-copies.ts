// With options as JSON and the door of a second copy: both open a queue in this process, mesh ports and all.
import { openUpdateQueue, TidingsError } from '../../../src/index.ts'
import type { QueueOptions } from '../../../src/queue/options.ts'

const [text = '', door = ''] = process.argv.slice(2)
const options = JSON.parse(text) as QueueOptions
const copy = (await import(door)) as typeof import('../../../src/index.ts')
if (copy.openUpdateQueue === openUpdateQueue) throw new Error('there is only one copy')

const own = await openUpdateQueue({ ...options, process: 'APPLICATION' })
const other = await copy.openUpdateQueue({ ...options, process: 'LIBRARY' })
const trades = own.subscribe('TRADE')
await trades.ready
other.publish({ table: 'TRADE', kind: 'insert', record: { ID: 1 } })
for await (const delivery of trades) {
  if (delivery.type === 'updates') console.log(delivery.updates[0]?.publisher?.process)
  break
}
await other.close()
try {
  const record = {
    get ID() {
      return other.publish({ table: 'TRADE', kind: 'insert', record: {} }).commit
    },
  }
  own.publish({ table: 'TRADE', kind: 'insert', record })
} catch (error) {
  if (error instanceof TidingsError)
    console.log(error.code, error.message.match(/\[[A-Z_]+\]/g)?.join(' '))
}
const again = await copy.openUpdateQueue({ ...options, process: 'LIBRARY' })
await again.close()
await own.close()
console.log('closed')
