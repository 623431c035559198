import { expectTypeOf, it } from 'vitest'
import type { DefinitionObject } from '../definition/json/definition-object.ts'
import type { Delivery, NewUpdate, TablesOf, Update } from '../model/update.ts'
import { changed } from './commits.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import type { WhenSlow } from './options.ts'
import type { Subscription } from './subscription-handle.ts'
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

it('resets and commits know the tables of their queue', () => {
  neverRun(() => {
    queue.reset('TRADE', { reason: 'why', keys: [{ TRADE_ID: 't' }] })
    queue.reset(['TRADE', 'POSITION'], { reason: 'why' })
    queue.publish({ table: 'POSITION', kind: 'reset', reason: 'why', keys: [{ ACCOUNT: 'a' }] })
    // @ts-expect-error: no such table
    queue.reset('TRADES', { reason: 'why' })
    // @ts-expect-error: no reason
    queue.reset('TRADE', {})
    // @ts-expect-error: a key of another table
    queue.reset('TRADE', { reason: 'why', keys: [{ ACCOUNT: 'a' }] })
    // @ts-expect-error: a reset has no record
    queue.publish({ table: 'POSITION', kind: 'reset', reason: 'why', record: { ACCOUNT: 'a' } })
    const value = queue.commit(async (change) => {
      change({ table: 'POSITION', kind: 'insert', record: { ACCOUNT: 'a' } })
      change([{ table: 'TRADE', kind: 'reset', reason: 'why' }])
      // @ts-expect-error: a record of another table
      change({ table: 'TRADE', kind: 'insert', record: { ACCOUNT: 'a' } })
      return Promise.resolve(7)
    })
    expectTypeOf(value).toEqualTypeOf<Promise<number>>()
    expectTypeOf(queue.commit(() => 'text')).toEqualTypeOf<Promise<string>>()
    changed<Tables>({ table: 'POSITION', kind: 'insert', record: { ACCOUNT: 'a' } })
    changed({ table: 'ANY', kind: 'insert', record: {} })
    expectTypeOf(queue.reset('TRADE', { reason: 'why' }).token).toEqualTypeOf<string>()
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

it('a queue of some tables is a queue of any tables', () => {
  neverRun(() => {
    const any: UpdateQueue = queue
    const subscription: Subscription = queue.subscribe('TRADE')
    const log = (from: UpdateQueue): string => from.identity.process
    log(queue)
    void [any, subscription]
    // @ts-expect-error: other tables
    const other: UpdateQueue<{ TRADE: { ID: Date } }> = queue
    void other
  })
})

it('functions may leave the tables open', () => {
  type Name<T> = keyof T & string
  function insert<T extends TablesOf, N extends Name<T>>(to: UpdateQueue<T>, table: N, row: T[N]) {
    return to.publish({ table, kind: 'insert', record: row })
  }
  function insertAll<T extends TablesOf, N extends Name<T>>(
    to: UpdateQueue<T>,
    table: N,
    rows: readonly T[N][],
  ) {
    return to.publish(rows.map((record) => ({ table, kind: 'insert', record })))
  }
  function passOn<T extends TablesOf>(to: UpdateQueue<T>, update: NewUpdate<T>) {
    to.publish(update)
    return to.publish([update])
  }
  async function follow<T extends TablesOf, N extends Name<T>>(
    from: UpdateQueue<T>,
    table: N,
    take: (record: T[N]) => void,
  ) {
    from.subscribe([table], { own: false })
    for await (const delivery of from.subscribe(table))
      if (delivery.type === 'updates') for (const { record } of delivery.updates) take(record)
  }
  neverRun(() => {
    insert(queue, 'POSITION', { ACCOUNT: 'a' })
    insertAll(queue, 'POSITION', [{ ACCOUNT: 'a' }])
    passOn(queue, { table: 'POSITION', kind: 'delete', record: { ACCOUNT: 'a' } })
    void follow(queue, 'TRADE', ({ QUANTITY }) => expectTypeOf(QUANTITY).toEqualTypeOf<bigint>())
    // @ts-expect-error: a record of another table
    insert(queue, 'TRADE', { ACCOUNT: 'a' })
  })
})

it('every option may be undefined, under exactOptionalPropertyTypes too', () => {
  neverRun(() => {
    const text = process.env['SOMETHING']
    const signal: AbortSignal | undefined = undefined
    const definition: DefinitionObject = {
      global: { A: undefined },
      systems: [{ name: 'S', items: undefined, hosts: [{ name: 'h', items: undefined }] }],
      services: undefined,
    }
    void openUpdateQueue({
      process: 'A',
      script: undefined,
      instance: text,
      port: undefined,
      definition: text ?? definition,
      services: text,
      system: text,
      host: text,
      publishes: undefined,
      retention: { bytes: undefined, ageMs: undefined },
      clusterTimeoutMs: undefined,
      drainMs: undefined,
      transport: undefined,
      signal,
    })
    queue.subscribe('TRADE', {
      onDelivery: undefined,
      select: undefined,
      where: { TRADE: { PRICE: { gt: undefined, in: undefined }, TRADE_ID: undefined } },
      limit: { updates: undefined, bytes: undefined },
      whenSlow: undefined,
      key: undefined,
      own: undefined,
      signal,
    })
    const record = { ACCOUNT: 'a' }
    const update = { table: 'POSITION', kind: 'insert', record } as const
    queue.publish({ ...update, before: undefined, version: undefined })
    void queue.flush({ signal })
    void queue.drain({ signal })
  })
})

it('a queue is of a process or of a script, and conflating needs a key', () => {
  neverRun(() => {
    // @ts-expect-error: neither a process nor a script
    void openUpdateQueue({})
    // @ts-expect-error: both
    void openUpdateQueue({ process: 'A', script: 'B' })
    // @ts-expect-error: a script has no port
    void openUpdateQueue({ script: 'B', port: 11_000 })
    // @ts-expect-error: nothing tells records apart
    queue.subscribe('TRADE', { whenSlow: 'conflate' })
    // @ts-expect-error: a key is for conflating
    queue.subscribe('TRADE', { key: 'TRADE_ID' })
    const chosen = process.env['WHEN_SLOW'] as WhenSlow
    queue.subscribe('TRADE', { whenSlow: chosen, key: 'TRADE_ID' })
  })
})
