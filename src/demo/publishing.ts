import type { UpdateQueue } from '../queue/update-queue.ts'
import type { Tell } from './reports.ts'
import type { PriceTables } from './tables.ts'

/** Waits until all subscribers have what this process published, says who has not, and leaves. */
export async function publishedBy(queue: UpdateQueue<PriceTables>, tell: Tell): Promise<void> {
  tell({ type: 'state', state: 'flushing' })
  const { missing } = await queue.flush()
  await queue.close()
  tell({ type: 'state', state: 'done' })
  tell({
    type: 'published',
    unconfirmed: missing.map(({ process, node }) => `${process} on ${node}`),
  })
}
