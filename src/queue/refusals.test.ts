import { expect, it } from 'vitest'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import type { TransportHandlers } from '../transport/transport.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { QueueEvent } from './queue-event.ts'
import { Refusals } from '../transport/refusals.ts'

it('are told together, by reason, once', () => {
  const refusals = new Refusals()
  for (const reason of ['bad-magic', 'bad-topic', 'bad-magic']) refusals.count(reason)
  expect(refusals.take()).toEqual([
    { type: 'refused', reason: 'bad-magic', count: 2 },
    { type: 'refused', reason: 'bad-topic', count: 1 },
  ])
  expect(refusals.take()).toEqual([])
})

it('W4: frames and requests that a queue does not take are the event `refused`, and counted', async () => {
  const transport = new MemoryCluster().transport()
  const opened = Promise.withResolvers<TransportHandlers>()
  const open = transport.open.bind(transport)
  transport.open = (registration, handlers, signal) => {
    opened.resolve(handlers)
    return open(registration, handlers, signal)
  }
  const queue = await openUpdateQueue({ transport, process: 'P' })
  const events: QueueEvent[] = []
  const followed = (async () => {
    for await (const event of queue.status()) events.push(event)
  })()
  await queue.subscribe('TRADE').ready
  const handlers = await opened.promise
  const foreign = Buffer.from('table/TRADE/{"kind":"insert","record":{}}')
  for (let count = 0; count < 3; count++) handlers.message(foreign)
  handlers.message(Buffer.from('nowhere/'))
  handlers.request(Buffer.from('who are you?'))
  const { refused } = queue.stats()
  await queue.close()
  await followed
  const told = events.filter((event) => event.type === 'refused')
  expect(Object.fromEntries(told.map(({ reason, count }) => [reason, count]))).toEqual(refused)
  expect(refused).toMatchObject({ 'bad-magic': expect.any(Number) as number })
  expect(Object.values(refused).reduce((sum, count) => sum + count, 0)).toBe(5)
})
