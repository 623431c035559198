import { afterEach, describe, expect, it } from 'vitest'
import type { Delivery } from '../model/update.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { UpdateQueue } from './update-queue.ts'

interface Tables {
  TRADE: { id: number; note?: string }
}

const opened: UpdateQueue<Tables>[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((queue) => queue.close()))
})

/** A publisher, and the number of updates in each delivery that a ready subscriber gets. */
async function publisherAndDeliveries() {
  const cluster = new MemoryCluster()
  const [publisher, subscriber] = await Promise.all(
    ['P', 'S'].map((process) =>
      openUpdateQueue<Tables>({ transport: cluster.transport(), process }),
    ),
  )
  if (!publisher || !subscriber) throw new Error('not opened')
  opened.push(publisher, subscriber)
  const deliveries: number[] = []
  const trades = subscriber.subscribe('TRADE', {
    onDelivery: (delivery: Delivery<Tables>) => {
      if (delivery.type === 'updates') deliveries.push(delivery.updates.length)
    },
  })
  await trades.ready
  return { publisher, deliveries }
}

const insert = (id: number, note = '') => ({
  table: 'TRADE' as const,
  kind: 'insert' as const,
  record: { id, note },
})

describe('a turn of the event loop', () => {
  it('D2: is a parcel: its commits leave together when it is over', async () => {
    const { publisher, deliveries } = await publisherAndDeliveries()
    publisher.publish(insert(1))
    publisher.publish([insert(2), insert(3)])
    await Promise.resolve()
    publisher.publish(insert(4))
    await publisher.flush()
    expect(deliveries).toEqual([4])
  })

  it('D2: is several parcels when it publishes more than 256 KiB', async () => {
    const { publisher, deliveries } = await publisherAndDeliveries()
    for (let id = 0; id < 4000; id++) publisher.publish(insert(id, 'x'.repeat(500)))
    await publisher.flush()
    expect(deliveries.length).toBeGreaterThan(5)
    expect(deliveries.length).toBeLessThan(20)
    expect(deliveries.reduce((sum, each) => sum + each, 0)).toBe(4000)
  })
})
