// An application can try its own handling of losses and deaths: on the whole queue, in memory.
import { expect, it } from 'vitest'
import type { Loss } from '../model/loss.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'

interface Tables {
  TRADE: { ID: number; NOTE?: string }
  POSITION: { ID: number }
}

async function stage() {
  const cluster = new MemoryCluster()
  const open = (name: string, node: string) =>
    openUpdateQueue<Tables>({ process: name, transport: cluster.transport(node) })
  const publisher = await open('PUBLISHER', 'a')
  const subscriber = await open('SUBSCRIBER', 'b')
  const ids: number[] = []
  const losses: Loss[] = []
  const waiting: { holds: () => boolean; resolve: () => void }[] = []
  const subscription = subscriber.subscribe('*', {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss') losses.push(...delivery.losses)
      else ids.push(...delivery.updates.map(({ record }) => record.ID))
      for (const { holds, resolve } of waiting) if (holds()) resolve()
    },
  })
  await subscription.ready
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      if (holds()) resolve()
      else waiting.push({ holds, resolve })
    })
  const publish = (ID: number, table: keyof Tables = 'TRADE') =>
    publisher.publish({ table, kind: 'insert', record: { ID } })
  return { cluster, open, publisher, subscriber, publish, ids, losses, until }
}

it('what is published while it is to be lost is an exact loss, and nothing else is', async () => {
  const { cluster, publisher, subscriber, publish, ids, losses, until } = await stage()
  publish(1)
  await cluster.lose(publisher, () => {
    publish(2)
    publish(3)
    publish(4, 'POSITION')
  })
  publish(5)
  await until(() => ids.includes(5) && losses.length > 1)
  expect(ids).toEqual([1, 5])
  const told = losses.map(({ table, from, to, reason }) => `${table} ${from} ${to} ${reason}`)
  expect(new Set(told)).toEqual(new Set(['POSITION 1 1 evicted', 'TRADE 2 3 evicted']))
  expect(losses[0]?.publisher?.process).toBe('PUBLISHER')
  await Promise.all([publisher.close(), subscriber.close()])
})

const large = (ID: number) => ({
  table: 'TRADE' as const,
  kind: 'insert' as const,
  record: { ID, NOTE: 'x'.repeat(1024 * 1024) },
})

it('of commits that take many turns to leave the right ones are lost, whole', async () => {
  const { cluster, publisher, subscriber, ids, losses, until } = await stage()
  const commitOf = (first: number) => Array.from({ length: 5 }, (_, n) => large(first + n))
  publisher.publish(commitOf(1))
  await cluster.lose(publisher, () => publisher.publish(commitOf(6)))
  publisher.publish(commitOf(11))
  await until(() => ids.includes(15) && losses.length > 0)
  expect(ids).toEqual([...commitOf(1), ...commitOf(11)].map(({ record }) => record.ID))
  expect(losses).toMatchObject([{ table: 'TRADE', from: 6, to: 10, reason: 'evicted' }])
  await Promise.all([publisher.close(), subscriber.close()])
})

it('what is published in the same turn before and behind it arrives, also of a new publisher', async () => {
  const { cluster, publisher, subscriber, publish, ids, losses, until } = await stage()
  publish(1)
  const lost = cluster.lose(publisher, () => publish(2))
  await lost
  void cluster.lose(publisher, () => publish(3))
  publish(4)
  await until(() => ids.includes(4) && losses.length > 0)
  expect(ids).toEqual([1, 4])
  expect(losses).toMatchObject([{ from: 2, to: 3, reason: 'evicted' }])
  await Promise.all([publisher.close(), subscriber.close()])
})

it('of two at a time each loses what is published while it runs', async () => {
  const { cluster, publisher, subscriber, publish, ids, losses, until } = await stage()
  publish(1)
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const one = cluster.lose(publisher, () => first.promise)
  const two = cluster.lose(publisher, () => second.promise)
  await new Promise<void>((resolve) => setImmediate(resolve))
  publish(2)
  first.resolve()
  await one
  publish(3)
  second.resolve()
  await two
  publish(4)
  await until(() => ids.includes(4) && losses.length > 0)
  expect(ids).toEqual([1, 4])
  expect(losses).toMatchObject([{ from: 2, to: 3, reason: 'evicted' }])
  await Promise.all([publisher.close(), subscriber.close()])
})

it('a queue that is closed before its turn has come is told', async () => {
  const { cluster, publisher, subscriber, publish } = await stage()
  publish(1)
  const lost = cluster.lose(publisher, () => publish(2))
  cluster.kill(publisher)
  await expect(lost).rejects.toMatchObject({ code: 'USAGE' })
  await subscriber.close()
})

it('what throws while it is to be lost goes on to the caller, and what follows arrives', async () => {
  const { cluster, publisher, subscriber, publish, ids, until } = await stage()
  const boom = new Error('boom')
  const lost = cluster.lose(publisher, () => {
    throw boom
  })
  await expect(lost).rejects.toBe(boom)
  publish(1)
  await until(() => ids.includes(1))
  await Promise.all([publisher.close(), subscriber.close()])
})

it('a process that is killed is an open loss at once, and its name is free', async () => {
  const { cluster, open, publisher, subscriber, publish, ids, losses, until } = await stage()
  publish(1)
  await until(() => ids.includes(1))
  cluster.kill(publisher)
  expect(await publisher.closed).toMatchObject({ code: 'TRANSPORT_FAILED' })
  expect(() => publish(2)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  await until(() => losses.length > 0)
  expect(losses[0]).toMatchObject({ table: 'TRADE', from: 2, to: null, reason: 'gone' })
  const again = await open('PUBLISHER', 'a')
  expect(() => cluster.kill(publisher)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  await Promise.all([again.close(), subscriber.close()])
})
