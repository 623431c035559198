import { expect, it } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { openQueuePair, taken } from '../../test/harness/queue-pair.ts'

interface Tables {
  TRADE: { id: number }
}

const unsettled = 'the roster of GENESIS_CLUSTER, which is not settled yet'
const insert = (id: number) => ({ table: 'TRADE', kind: 'insert', record: { id } }) as const

it('a queue without subscriptions is ready, and nothing waits in it', async () => {
  const { publisher } = await openQueuePair<Tables>()
  expect(publisher.health()).toEqual({
    ready: true,
    waitingFor: [],
    lagSeconds: 0,
    losses: 0,
    lastLoss: null,
    cluster: 'connected',
  })
})

it('is not ready before its subscriptions are, and says for whom they wait', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  publisher.publish(insert(1))
  await publisher.flush()
  const trades = subscriber.subscribe('TRADE', { onDelivery: () => undefined })
  const begun = subscriber.health()
  expect(begun.ready).toBe(false)
  // The roster may not have come yet.
  const [missing = ''] = begun.waitingFor
  expect([`P on ${publisher.identity.node}`, unsettled]).toContain(missing)
  await trades.ready
  expect(subscriber.health()).toMatchObject({ ready: true, waitingFor: [] })
})

it('lags by the oldest update that a handler has not taken yet', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const release = Promise.withResolvers<void>()
  let publishedAt = 0
  const trades = subscriber.subscribe('TRADE', {
    onDelivery: (delivery) => {
      if (delivery.type === 'updates') publishedAt ||= delivery.updates[0]?.publishedAt ?? 0
      return release.promise
    },
  })
  await trades.ready
  publisher.publish(insert(1))
  await eventually('the handler has it', () => publishedAt > 0)
  publisher.publish(insert(2))
  await eventually('another waits', () => subscriber.stats().waitingUpdates === 2)
  await eventually('time goes by', () => Date.now() > publishedAt)
  const least = (Date.now() - publishedAt) / 1000
  expect(subscriber.health().lagSeconds).toBeGreaterThanOrEqual(least)
  expect(subscriber.stats().waitingBytes).toBeGreaterThan(0)
  release.resolve()
  await taken(publisher)
  expect(subscriber.health().lagSeconds).toBe(0)
})

it('the latest loss is told with its time; a reset is none', async () => {
  const { cluster, publisher, subscriber } = await openQueuePair<Tables>()
  const trades = subscriber.subscribe('TRADE', { onDelivery: () => undefined })
  await trades.ready
  publisher.reset('TRADE', { reason: 'restored' })
  await taken(publisher)
  expect(subscriber.health()).toMatchObject({ losses: 0, lastLoss: null })
  const before = Date.now()
  await cluster.lose(publisher, () => {
    publisher.publish(insert(1))
    publisher.publish(insert(2))
  })
  await eventually('the loss is told', () => subscriber.health().losses > 0)
  const { lastLoss } = subscriber.health()
  expect(lastLoss?.loss).toMatchObject({ table: 'TRADE', from: 2, to: 3, reason: 'evicted' })
  expect(lastLoss?.at).toBeGreaterThanOrEqual(before)
  expect(subscriber.stats().lost).toEqual([
    { table: 'TRADE', reason: 'reset', losses: 1, updates: 1 },
    { table: 'TRADE', reason: 'evicted', losses: 1, updates: 2 },
  ])
  // Where the machine is busy the loss may be told before anything is missed.
  await eventually('what was behind is repaired', () => {
    const { behind, repaired } = subscriber.stats()
    return repaired === behind
  })
})

it('counts by table what was published and what was delivered', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables & { POSITION: { id: number } }>()
  const all = subscriber.subscribe('*', { onDelivery: () => undefined })
  await all.ready
  publisher.publish([
    insert(1),
    { table: 'POSITION', kind: 'insert', record: { id: 1 } },
    insert(2),
  ])
  await taken(publisher)
  expect(publisher.stats().tables).toEqual({
    TRADE: { published: 2, delivered: 0 },
    POSITION: { published: 1, delivered: 0 },
  })
  expect(subscriber.stats().tables).toEqual({
    TRADE: { published: 0, delivered: 2 },
    POSITION: { published: 0, delivered: 1 },
  })
  expect(subscriber.stats().publishers).toEqual({ live: 1, stalled: 0, gone: 0 })
  expect(publisher.stats().retainedMs).toBeGreaterThanOrEqual(0)
})

it('a publisher that has ended is counted no longer, even if it ended without a word', async () => {
  const { cluster, publisher, subscriber } = await openQueuePair<Tables>()
  const trades = subscriber.subscribe('TRADE', { onDelivery: () => undefined })
  await trades.ready
  publisher.publish(insert(1))
  await taken(publisher)
  const { publishers } = subscriber.stats()
  expect(publishers).toEqual({ live: 1, stalled: 0, gone: 0 })
  cluster.kill(publisher)
  await eventually('its loss is told', () => subscriber.health().losses === 1)
  expect(subscriber.stats().publishers).toEqual({ live: 0, stalled: 0, gone: 0 })
})

it('a closed queue is not ready', async () => {
  const { publisher } = await openQueuePair<Tables>()
  await publisher.close()
  expect(publisher.health()).toMatchObject({ ready: false, cluster: 'closed' })
})
