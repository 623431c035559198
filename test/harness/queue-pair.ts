import { onTestFinished } from 'vitest'
import { type UpdateQueue, openUpdateQueue } from '../../src/index.ts'
import { MemoryCluster } from '../../src/transport/memory/meeting/memory-cluster.ts'

/** Two queues of a cluster in memory, closed when the test is over. */
export async function openQueuePair<Tables extends object>() {
  const cluster = new MemoryCluster()
  const open = async (process: string): Promise<UpdateQueue<Tables>> => {
    const queue = await openUpdateQueue<Tables>({ process, transport: cluster.transport() })
    onTestFinished(() => queue.close())
    return queue
  }
  return { publisher: await open('P'), subscriber: await open('S') }
}
