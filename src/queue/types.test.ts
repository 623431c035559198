import { expectTypeOf, it } from 'vitest'
import type { Delivery, Update } from '../model/update.ts'
import type { UpdateQueue } from './update-queue.ts'

interface Tables {
  TRADE: { TRADE_ID: string; PRICE: number; QUANTITY: bigint }
  POSITION: { ACCOUNT: string }
}

declare const queue: UpdateQueue<Tables>
const neverRun = (_run: () => void): void => undefined

it('publish() takes records of their table only', () => {
  neverRun(() => {
    queue.publish({ table: 'POSITION', kind: 'insert', record: { ACCOUNT: 'a' } })
    // @ts-expect-error: a record of another table
    queue.publish({ table: 'TRADE', kind: 'insert', record: { ACCOUNT: 'a' } })
    // @ts-expect-error: no such table
    queue.publish({ table: 'TRADES', kind: 'insert', record: {} })
    // @ts-expect-error: no such kind
    queue.publish({ table: 'POSITION', kind: 'upsert', record: { ACCOUNT: 'a' } })
    queue.publish([
      { table: 'POSITION', kind: 'delete', record: { ACCOUNT: 'a' }, before: {} },
      { table: 'TRADE', kind: 'insert', record: { TRADE_ID: 't', PRICE: 1, QUANTITY: 2n } },
    ])
  })
})

it('a subscription knows its tables, and an update its record by its table', () => {
  neverRun(() => {
    const trades = queue.subscribe('TRADE')
    expectTypeOf(trades).toExtend<AsyncIterable<Delivery<Pick<Tables, 'TRADE'>>>>()
    // @ts-expect-error: no such table
    queue.subscribe('TRADES')
    queue.subscribe(['TRADE', 'POSITION'], {
      onDelivery: (delivery) => {
        expectTypeOf(delivery).toEqualTypeOf<Delivery<Pick<Tables, 'TRADE' | 'POSITION'>>>()
      },
    })
  })
  const narrow = (update: Update<Tables>): void => {
    if (update.table === 'TRADE') expectTypeOf(update.record.QUANTITY).toEqualTypeOf<bigint>()
    else expectTypeOf(update.record).toEqualTypeOf<{ ACCOUNT: string }>()
  }
  expectTypeOf(narrow).toBeFunction()
})

it('a key is made of fields that the records have', () => {
  const whenSlow = 'conflate'
  neverRun(() => {
    queue.subscribe('TRADE', { whenSlow, key: 'TRADE_ID' })
    queue.subscribe('TRADE', { whenSlow, key: ['TRADE_ID', 'PRICE'] })
    queue.subscribe(['TRADE', 'POSITION'], {
      whenSlow,
      key: { TRADE: 'TRADE_ID', POSITION: ['ACCOUNT'] },
    })
    queue.subscribe('*', { whenSlow, key: { POSITION: 'ACCOUNT' } })
    // @ts-expect-error: no field of the record
    queue.subscribe('TRADE', { whenSlow, key: 'ACCOUNT' })
    // @ts-expect-error: not a field of both tables
    queue.subscribe(['TRADE', 'POSITION'], { whenSlow, key: 'ACCOUNT' })
    // @ts-expect-error: a field of the other table
    queue.subscribe(['TRADE', 'POSITION'], { whenSlow, key: { TRADE: 'ACCOUNT' } })
    // @ts-expect-error: not a table of the subscription
    queue.subscribe('TRADE', { whenSlow, key: { POSITION: 'ACCOUNT' } })
  })
  const narrow = (delivery: Delivery<Tables>): void => {
    if (delivery.type !== 'conflated') return
    for (const update of delivery.updates)
      if (update.table === 'POSITION' && update.count > 1)
        expectTypeOf(update.record).toEqualTypeOf<{ ACCOUNT: string }>()
    expectTypeOf(delivery.foldedByTable.TRADE).toEqualTypeOf<number | undefined>()
  }
  expectTypeOf(narrow).toBeFunction()
})

it('without a type for the tables, any table goes', () => {
  neverRun(() => {
    const untyped = queue as unknown as UpdateQueue
    untyped.publish({ table: 'ANY', kind: 'insert', record: { a: 1 } })
    untyped.subscribe(['A', 'B'])
    untyped.subscribe('A', { whenSlow: 'conflate', key: 'ANY' })
    untyped.subscribe(['A', 'B'], { whenSlow: 'conflate', key: { A: 'ANY', B: ['ANY', 'TOO'] } })
  })
})
