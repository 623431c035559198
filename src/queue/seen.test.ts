import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { taken } from '../../test/harness/queue-pair.ts'
import type { TidingsError } from '../base/tidings-error.ts'
import type { NewUpdate } from '../model/update.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { decodeToken } from '../wire/commit-token.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { UpdateQueue } from './update-queue.ts'

const row = (table: string, id = 1): NewUpdate => ({ table, kind: 'insert', record: { ID: id } })

async function opened() {
  const cluster = new MemoryCluster()
  const open = async (process: string): Promise<UpdateQueue> => {
    const queue = await openUpdateQueue({ process, transport: cluster.transport() })
    onTestFinished(() => queue.close())
    return queue
  }
  return { cluster, publisher: await open('P'), subscriber: await open('S') }
}

const code = (expected: TidingsError['code']): unknown =>
  expect.objectContaining({ code: expected })

it('D27: resolves when the application has taken all of the commit', async () => {
  const { publisher, subscriber } = await opened()
  const got: string[] = []
  const going = Promise.withResolvers<void>()
  const subscription = subscriber.subscribe(['A', 'B'], {
    onDelivery: async (delivery) => {
      await going.promise
      if (delivery.type === 'updates')
        for (const { table, commit } of delivery.updates) got.push(`${table}${commit}`)
    },
  })
  await subscription.ready
  const { token } = publisher.publish([row('A'), row('B'), row('C')])
  const seen = subscription.seen(token).then(() => got.push('seen'))
  await eventually('the delivery', () => subscriber.stats().waitingUpdates > 0)
  expect(got).toEqual([])
  going.resolve()
  await seen
  expect(got).toEqual(['A1', 'B1', 'seen'])
  // What was seen already.
  await subscription.seen(token)
})

it('D27: is told by a token of the last sequence that the commit has in each table', async () => {
  const { publisher } = await opened()
  publisher.publish([row('A'), row('B')])
  const { token } = publisher.publish([row('A'), row('A'), row('C'), row('A')])
  const { incarnation } = publisher.identity
  const streams = [
    { table: 'A', last: 4 },
    { table: 'C', last: 1 },
  ]
  expect(decodeToken(token)).toEqual({ incarnation, streams, hasMore: false })
  const { token: single } = publisher.publish(row('C'))
  expect(decodeToken(single).streams).toEqual([{ table: 'C', last: 2 }])
  const { token: reset } = publisher.reset(['A', 'D'], { reason: 'why' })
  expect(decodeToken(reset).streams).toEqual([
    { table: 'A', last: 5 },
    { table: 'D', last: 1 },
  ])
})

it('D27: resolves before the subscription is ready where a base is behind it', async () => {
  const { publisher, subscriber } = await opened()
  const { token } = publisher.publish(row('A'))
  await taken(publisher)
  await subscriber.subscribe('A', { onDelivery: () => undefined }).seen(token)
})

it('D27: resolves for an iterator when it has given the commit out', async () => {
  const { publisher, subscriber } = await opened()
  const subscription = subscriber.subscribe('A')
  await subscription.ready
  const { token } = publisher.publish(row('A'))
  let isSeen = false
  const seen = subscription.seen(token).then(() => (isSeen = true))
  await eventually('the delivery', () => subscriber.stats().waitingUpdates > 0)
  expect(isSeen).toBe(false)
  for await (const delivery of subscription) {
    expect(delivery.type).toBe('updates')
    break
  }
  await seen.catch(() => undefined)
  expect(isSeen).toBe(true)
})

it('D27: resolves where nothing of the commit passes, or it is our own and not wanted', async () => {
  const { publisher, subscriber } = await opened()
  const filtered = subscriber.subscribe('A', {
    where: { A: { ID: 7 } },
    onDelivery: () => undefined,
  })
  const others = publisher.subscribe('A', { own: false, onDelivery: () => undefined })
  await Promise.all([filtered.ready, others.ready])
  const { token } = publisher.publish(row('A'))
  await Promise.all([filtered.seen(token), others.seen(token)])
})

it('D27: resolves when the application was told that it is lost, or may be', async () => {
  const { cluster, publisher, subscriber } = await opened()
  const told: string[] = []
  const subscription = subscriber.subscribe('A', {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss') told.push(...delivery.losses.map(({ reason }) => reason))
    },
  })
  await subscription.ready
  let token = ''
  await cluster.lose(publisher, () => {
    token = publisher.publish(row('A')).token
  })
  await subscription.seen(token)
  expect(told).toEqual(['evicted'])
  const last = publisher.publish(row('A')).token
  cluster.kill(publisher)
  await subscription.seen(last)
  expect(told).toContain('gone')
})

it('D27: waits for what is folded until it is handed over', async () => {
  const { publisher, subscriber } = await opened()
  const going = Promise.withResolvers<void>()
  const types: string[] = []
  const subscription = subscriber.subscribe('A', {
    whenSlow: 'conflate',
    key: 'ID',
    limit: { updates: 4 },
    onDelivery: async ({ type }) => {
      await going.promise
      types.push(type)
    },
  })
  await subscription.ready
  let token = ''
  await eventually('folding', () => {
    token = publisher.publish(row('A')).token
    return subscriber.stats().folded > 0
  })
  const seen = subscription.seen(token).then(() => types.push('seen'))
  going.resolve()
  await seen
  expect(types).toContain('conflated')
  expect(types.at(-1)).toBe('seen')
})

it('D27: rejects what is no token, by its signal, and where the subscription ends', async () => {
  const { publisher, subscriber } = await opened()
  const subscription = subscriber.subscribe('A', { onDelivery: () => new Promise(() => undefined) })
  await subscription.ready
  const { token } = publisher.publish(row('A'))
  await expect(subscription.seen('forged')).rejects.toEqual(code('USAGE'))
  await expect(subscription.seen(token, { signals: 1 } as never)).rejects.toEqual(code('USAGE'))
  const controller = new AbortController()
  const aborted = subscription.seen(token, { signal: controller.signal })
  controller.abort()
  await expect(aborted).rejects.toEqual(code('ABORTED'))
  const stopped = subscription.seen(token)
  await subscription.stop()
  await expect(stopped).rejects.toEqual(code('CLOSED'))
  await expect(subscription.seen(token)).rejects.toEqual(code('CLOSED'))
  const closed = subscriber.subscribe('A').seen(publisher.publish(row('A')).token)
  const told = expect(closed).rejects.toEqual(code('CLOSED'))
  await subscriber.close()
  await told
})
