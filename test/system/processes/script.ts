/** A script: opens, publishes, closes. Prints how long closing took, milliseconds, of at most `drainMs`. */
import { openUpdateQueue } from '../../../src/index.ts'
import { Trades } from './trades.ts'

const [definition = '', host = '', drainMs = ''] = process.argv.slice(2)
const queue = await openUpdateQueue({
  script: 'SETTLE',
  definition,
  host,
  drainMs: Number(drainMs),
})
queue.publish(new Trades('SETTLE').next(1))
const began = performance.now()
await queue.close()
process.stdout.write(`${performance.now() - began}\n`)
