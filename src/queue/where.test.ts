import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { openQueuePair } from '../../test/harness/queue-pair.ts'
import type { SubscribeOptions } from './options.ts'
import type { UpdateQueue } from './update-queue.ts'

interface Tables {
  TRADE: { ID: number; SIDE: 'BUY' | 'SELL'; NOTE?: string }
  POSITION: { ID: number; QUANTITY: number }
}

const trade = (ID: number, SIDE: 'BUY' | 'SELL', before?: Partial<Tables['TRADE']>) => ({
  table: 'TRADE' as const,
  kind: before ? ('modify' as const) : ('insert' as const),
  record: { ID, SIDE },
  before,
})
const position = (ID: number) => ({
  table: 'POSITION' as const,
  kind: 'insert' as const,
  record: { ID, QUANTITY: ID },
})

/** The ids delivered, one list a delivery. */
async function delivered(
  publish: (publisher: UpdateQueue<Tables>) => void,
  options: SubscribeOptions<Tables>,
) {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const ids: number[][] = []
  const subscription = subscriber.subscribe(['TRADE', 'POSITION'], {
    ...options,
    onDelivery: (delivery) => {
      if (delivery.type === 'updates') ids.push(delivery.updates.map(({ record }) => record.ID))
    },
  })
  await subscription.ready
  publish(publisher)
  expect((await publisher.flush()).missing).toEqual([])
  return { ids, stats: subscriber.stats() }
}

describe('where', () => {
  it('delivers what passes, commits whole as far as they pass', async () => {
    const { ids, stats } = await delivered(
      (publisher) => {
        publisher.publish([trade(1, 'BUY'), position(2), trade(3, 'SELL')])
        publisher.publish([trade(4, 'SELL')])
        publisher.publish([position(5), trade(6, 'BUY')])
      },
      { where: { TRADE: { SIDE: 'BUY' } } },
    )
    expect(ids.flat()).toEqual([1, 2, 5, 6])
    expect(stats.filtered).toBe(2)
    expect(stats.delivered.updates).toBe(4)
  })

  it('confirms what it keeps back: a flush does not wait for an application that gets nothing', async () => {
    const { ids, stats } = await delivered(
      (publisher) => {
        for (let n = 0; n < 500; n++) publisher.publish([trade(n, 'SELL'), position(n)])
      },
      { where: { TRADE: { SIDE: 'BUY' }, POSITION: { QUANTITY: { lt: 0 } } } },
    )
    expect(ids).toEqual([])
    expect(stats).toMatchObject({ filtered: 1000, delivered: { updates: 0, deliveries: 0 } })
  })

  it('tells of a record that leaves, where the update says what it was before', async () => {
    const { ids } = await delivered(
      (publisher) => {
        publisher.publish(trade(1, 'SELL', { SIDE: 'BUY' }))
        publisher.publish(trade(2, 'SELL', { NOTE: 'nothing of the side' }))
        publisher.publish(trade(3, 'SELL', { SIDE: 'SELL' }))
      },
      { where: { TRADE: { SIDE: 'BUY' } } },
    )
    expect(ids.flat()).toEqual([1])
  })

  it('confirms in order: not before what waits for the application', async () => {
    const { publisher, subscriber } = await openQueuePair<Tables>()
    const trades = subscriber.subscribe('TRADE', { where: { TRADE: { SIDE: 'BUY' } } })
    await trades.ready
    publisher.publish(trade(1, 'BUY'))
    publisher.publish(trade(2, 'SELL'))
    let isFlushed = false
    const flushed = publisher.flush().then(() => (isFlushed = true))
    const iterator = trades[Symbol.asyncIterator]()
    await new Promise((resolve) => setImmediate(resolve))
    expect(isFlushed).toBe(false)
    expect(await iterator.next()).toMatchObject({ value: { updates: [{ record: { ID: 1 } }] } })
    await flushed
    expect(subscriber.stats().waitingUpdates).toBe(0)
  })

  it('goes before select and before conflation', async () => {
    const { publisher, subscriber } = await openQueuePair<Tables>()
    const trades = subscriber.subscribe('TRADE', {
      where: { TRADE: { SIDE: 'BUY', ID: { gt: 1 } } },
      select: ['ID'],
      whenSlow: 'conflate',
      key: 'ID',
      limit: { updates: 1 },
    })
    await trades.ready
    for (let n = 0; n < 20; n++) publisher.publish(trade(n % 4, n % 4 === 3 ? 'SELL' : 'BUY'))
    const records = new Set<string>()
    for await (const delivery of trades) {
      if (delivery.type === 'loss') continue
      for (const { record } of delivery.updates) records.add(JSON.stringify(record))
      if (subscriber.stats().waitingUpdates === 0) break
    }
    expect([...records]).toEqual(['{"ID":2}'])
  })

  const abroad = (ms: number) => runInNewContext(`new Date(${ms})`) as Date
  const dated = (ID: number) => ({ ...trade(ID, 'BUY').record, AT: new Date(ID) })

  it.each([
    ['a value', abroad(2), [2]],
    ['a condition', { gte: abroad(2) }, [2, 3]],
    ['a list', { in: [abroad(1), abroad(3), null] }, [1, 3]],
  ])('takes a Date of another realm as %s', async (_as, AT, ids) => {
    const found = await delivered(
      (publisher) => {
        for (const ID of [1, 2, 3]) publisher.publish({ ...trade(ID, 'BUY'), record: dated(ID) })
      },
      { where: { TRADE: { AT } } } as SubscribeOptions<Tables>,
    )
    expect(found.ids.flat()).toEqual(ids)
  })

  it.each([
    [{}, 'where.TRADE must have conditions on 1 to 30 fields, got 0'],
    [
      { SIDE: { like: 'B' } },
      'where.TRADE.SIDE must be a value or some of the conditions eq, not, in,',
    ],
    [{ SIDE: { in: [] } }, 'where.TRADE.SIDE.in must be a list of 1 to 10000 values, got []'],
    [
      { SIDE: { gt: null } },
      'where.TRADE.SIDE.gt must be a string, a number, a bigint, a boolean or a',
    ],
    [
      { SIDE: Number.NaN },
      'where.TRADE.SIDE must be a string, a number, a bigint, a boolean, a Date or',
    ],
    [{ SIDE: ['BUY'] }, 'where.TRADE.SIDE must be a value or some of the conditions'],
    [{ SIDE: abroad(Number.NaN) }, 'a boolean, a Date or null, got Invalid Date'],
  ])('refuses %j', async (conditions, message) => {
    const { subscriber } = await openQueuePair<Tables>()
    const options = { where: { TRADE: conditions } }
    expect(() => subscriber.subscribe('TRADE', options as never)).toThrow(message)
  })

  it('refuses what only has the class of a Date', async () => {
    const { subscriber } = await openQueuePair<Tables>()
    const options = { where: { TRADE: { SIDE: Object.create(Date.prototype) as Date } } }
    expect(() => subscriber.subscribe('TRADE', options as never)).toThrow(
      'where.TRADE.SIDE must be a value or some of the conditions',
    )
  })

  it('refuses a table that is not subscribed to', async () => {
    const { subscriber } = await openQueuePair<Tables>()
    const options = { where: { POSITION: { ID: 1 } } }
    expect(() => subscriber.subscribe('TRADE', options as never)).toThrow(
      'where names POSITION, which is no table of this subscription: TRADE',
    )
  })
})
