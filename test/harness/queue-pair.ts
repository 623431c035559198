import { onTestFinished } from 'vitest'
import { type UpdateQueue, openUpdateQueue } from '../../src/index.ts'
import { eventually } from './eventually.ts'
import { MemoryCluster } from '../../src/transport/memory/meeting/memory-cluster.ts'

/** Waits until all subscribers have taken what the queue has published so far. */
export async function taken<Tables extends object>(queue: UpdateQueue<Tables>): Promise<void> {
  await eventually('all is taken', async () => (await queue.flush()).missing.length === 0)
}

/** Two queues of a cluster in memory, closed when the test is over. */
export async function openQueuePair<Tables extends object>() {
  const cluster = new MemoryCluster()
  const open = async (process: string): Promise<UpdateQueue<Tables>> => {
    const queue = await openUpdateQueue<Tables>({ process, transport: cluster.transport() })
    onTestFinished(() => queue.close())
    return queue
  }
  return { cluster, publisher: await open('P'), subscriber: await open('S') }
}
