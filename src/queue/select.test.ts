import { describe, expect, expectTypeOf, it } from 'vitest'
import { openQueuePair } from '../../test/harness/queue-pair.ts'

interface Tables {
  TRADE: { ID: string; PRICE: number; NOTE: string }
  POSITION: { ID: string; QUANTITY: number }
}

const trade = { ID: 'T1', PRICE: 2.5, NOTE: 'a long note that nobody asked for' }
const commit = [
  {
    table: 'TRADE' as const,
    kind: 'modify' as const,
    record: trade,
    before: { PRICE: 1, NOTE: '' },
  },
  { table: 'POSITION' as const, kind: 'insert' as const, record: { ID: 'P1', QUANTITY: 3 } },
]

describe('select', () => {
  it('leaves of each record what is selected, and of the record before it', async () => {
    const { publisher, subscriber } = await openQueuePair<Tables>()
    const trades = subscriber.subscribe('TRADE', { select: ['PRICE'] })
    await trades.ready
    publisher.publish(commit)
    for await (const delivery of trades) {
      if (delivery.type !== 'updates') continue
      const [update] = delivery.updates
      expect(update).toMatchObject({ sequence: 1, commit: 1, kind: 'modify' })
      expect(update?.record).toStrictEqual({ PRICE: 2.5 })
      expect(update?.before).toStrictEqual({ PRICE: 1 })
      if (update) expectTypeOf(update.record).toEqualTypeOf<Pick<Tables['TRADE'], 'PRICE'>>()
      break
    }
  })

  it('is by table where it is an object; a table that it leaves out keeps its fields', async () => {
    const { publisher, subscriber } = await openQueuePair<Tables>()
    const both = subscriber.subscribe(['TRADE', 'POSITION'], { select: { TRADE: 'ID' } })
    await both.ready
    publisher.publish(commit)
    for await (const delivery of both) {
      if (delivery.type !== 'updates') continue
      expect(delivery.updates.map(({ record }) => record)).toStrictEqual([
        { ID: 'T1' },
        { ID: 'P1', QUANTITY: 3 },
      ])
      break
    }
  })

  it('stands beside a subscription of the same table that gets everything', async () => {
    const { publisher, subscriber } = await openQueuePair<Tables>()
    const got = { part: [] as object[], whole: [] as object[] }
    const onDelivery =
      (list: object[]) => (delivery: { type: string; updates?: readonly { record: object }[] }) => {
        for (const { record } of delivery.updates ?? []) list.push(record)
      }
    const [part, whole] = [
      subscriber.subscribe('TRADE', { select: 'ID', onDelivery: onDelivery(got.part) }),
      subscriber.subscribe('TRADE', { onDelivery: onDelivery(got.whole) }),
    ]
    await Promise.all([part.ready, whole.ready])
    publisher.publish(commit)
    expect((await publisher.flush()).missing).toEqual([])
    expect(got).toStrictEqual({ part: [{ ID: 'T1' }], whole: [trade] })
  })

  it.each([
    [{ select: [] }, 'select must be the name of a field, or a list of different ones, got []'],
    [
      { select: { ORDER: 'ID' } },
      'select names ORDER, which is no table of this subscription: TRADE',
    ],
    [
      { select: ['PRICE'], whenSlow: 'conflate', key: 'ID' },
      'select leaves out ID, a field of key of table TRADE: select it, too',
    ],
  ])('refuses %j', async (options, message) => {
    const { subscriber } = await openQueuePair<Tables>()
    expect(() => subscriber.subscribe('TRADE', options as never)).toThrow(message)
  })
})
