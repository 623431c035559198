// Opens a queue as its argument says, says what came of it, and has nothing else to do.
import { openUpdateQueue, TidingsError } from '../../../src/index.ts'
import type { OpenOptions } from '../../../src/queue/options.ts'

interface Order {
  readonly options: OpenOptions
  readonly abortAfterMs?: number
}

const { options, abortAfterMs } = JSON.parse(process.argv[2] ?? '') as Order
const controller = new AbortController()
if (abortAfterMs !== undefined) setTimeout(() => controller.abort(), abortAfterMs)
try {
  const queue = await openUpdateQueue({ ...options, signal: controller.signal })
  await queue.close()
  console.log('opened')
} catch (error) {
  console.log(error instanceof TidingsError ? error.code : String(error))
}
