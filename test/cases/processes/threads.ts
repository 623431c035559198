// The main thread has a queue and watches the one of a worker thread, which ends as the second argument says.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { openUpdateQueue } from '../../../src/index.ts'
import type { QueueOptions } from '../../../src/queue/options.ts'

type How = 'terminate' | 'exit' | 'throw' | 'close' | 'main-exit' | 'blocked-main-exit'

interface Order {
  readonly options: QueueOptions
  readonly how: How
}

async function work({ options, how }: Order): Promise<void> {
  const queue = await openUpdateQueue({ ...options, process: 'WORKER' })
  const trades = queue.subscribe('FROM_MAIN')
  await trades.ready
  queue.publish({
    table: 'FROM_WORKER',
    kind: 'insert',
    record: { ID: 1n, BYTES: Buffer.from('x') },
  })
  for await (const delivery of trades) {
    if (delivery.type === 'updates') break
  }
  parentPort?.postMessage('heard', [])
  if (how === 'close') await queue.close()
  if (how === 'exit') process.exit(3)
  if (how === 'throw') throw new Error('boom')
  if (how === 'blocked-main-exit') for (;;);
}

async function watch(order: Order): Promise<void> {
  const queue = await openUpdateQueue({ ...order.options, process: 'MAIN' })
  const trades = queue.subscribe('FROM_WORKER')
  await trades.ready
  const deliveries = trades[Symbol.asyncIterator]()
  for (const how of [order.how, 'close'] as const) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { ...order, how } })
    worker.on('error', (error) => console.log('error', error.message))
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    console.log((await deliveries.next()).value?.type)
    queue.publish({ table: 'FROM_MAIN', kind: 'insert', record: { ID: 1 } })
    await new Promise((resolve) => worker.once('message', resolve))
    if (how.endsWith('main-exit')) process.exit(7)
    if (how === 'terminate') await worker.terminate()
    await ended
    if (how === 'close') break
    const { value } = await deliveries.next()
    if (value?.type === 'loss') {
      const [{ publisher, from, to, reason } = {}] = value.losses
      console.log('loss', publisher?.process, from, to, reason)
    }
  }
  await queue.close()
  console.log('closed')
}

if (isMainThread) await watch(JSON.parse(process.argv[2] ?? '') as Order)
else await work(workerData as Order)
