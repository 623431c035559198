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

it('without a type for the tables, any table goes', () => {
  neverRun(() => {
    const untyped = queue as unknown as UpdateQueue
    untyped.publish({ table: 'ANY', kind: 'insert', record: { a: 1 } })
    untyped.subscribe(['A', 'B'])
  })
})
