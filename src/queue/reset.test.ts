import { expect, it } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { openQueuePair, taken } from '../../test/harness/queue-pair.ts'
import type { TidingsError } from '../base/tidings-error.ts'
import type { Loss } from '../model/loss.ts'
import type { Delivery } from '../model/update.ts'
import type { NewChange } from '../model/reset.ts'
import type { SubscribeOptions } from './options.ts'

const row = (table: string, id: string): NewChange => ({
  table,
  kind: 'insert',
  record: { ID: id },
})
const reset = (table: string, reason = 'why'): NewChange => ({ table, kind: 'reset', reason })

/** A delivery as a line: its updates as TABLE and key, or its losses. */
const line = (delivery: Delivery): string =>
  delivery.type === 'loss'
    ? delivery.losses.map(({ table, from, to, reason }) => `${reason} ${table}${from}-${to}`).join()
    : delivery.updates
        .map(({ table, record }) => `${table} ${(record as { ID: string }).ID}`)
        .concat(delivery.incomplete ? 'incomplete' : [])
        .join()

async function subscribed(
  tables: string | string[],
  options: SubscribeOptions<Record<string, object>, 'ID'> = {},
) {
  const { publisher, subscriber } = await openQueuePair<Record<string, object>>()
  const deliveries: Delivery[] = []
  const subscription = subscriber.subscribe(tables, {
    ...options,
    onDelivery: (delivery) => void deliveries.push(delivery),
  })
  await subscription.ready
  const lines = (): string[] => deliveries.map(line)
  const losses = (): Loss[] =>
    deliveries.flatMap((each) => (each.type === 'loss' ? each.losses : []))
  return { publisher, subscriber, lines, losses }
}

it('D26: comes as a loss with its reason as text, numbered as an update is', async () => {
  const { publisher, lines, losses } = await subscribed('TRADE')
  publisher.publish(row('TRADE', 'a'))
  expect(publisher.reset('TRADE', { reason: 'bulk load' })).toMatchObject({ commit: 2 })
  publisher.publish(row('TRADE', 'b'))
  await taken(publisher)
  expect(lines()).toEqual(['TRADE a', 'reset TRADE2-2', 'TRADE b'])
  const { identity: of } = publisher
  expect(losses()).toEqual([
    { table: 'TRADE', publisher: of, from: 2, to: 2, reason: 'reset', text: 'bulk load' },
  ])
})

it('D26: has the keys that it was given, with their types', async () => {
  const { publisher, losses } = await subscribed('TRADE')
  const keys = [
    { ID: 1n, AT: new Date(5), of: null },
    { ID: '1', BYTES: new Uint8Array([1, 255]), NESTED: [{ a: 1 }], gone: undefined },
  ]
  publisher.reset('TRADE', { reason: 'why', keys })
  await taken(publisher)
  expect(losses()).toHaveLength(1)
  const { gone: _gone, ...second } = keys[1] as { gone: undefined }
  expect(losses()[0]?.keys).toEqual([keys[0], second])
})

it('D26: stands in its place among commits of several tables', async () => {
  const { publisher, lines } = await subscribed(['A', 'B'])
  publisher.publish(row('A', '1'))
  publisher.publish(row('B', '2'))
  publisher.reset(['A', 'B'], { reason: 'why' })
  publisher.publish(row('A', '3'))
  publisher.reset('B', { reason: 'why' })
  publisher.publish(row('A', '4'))
  await taken(publisher)
  expect(lines()).toEqual(['A 1', 'B 2', 'reset A2-2,reset B2-2', 'A 3', 'reset B3-3', 'A 4'])
})

it('D26: in a commit comes behind all of its updates, which are whole', async () => {
  const { publisher, lines } = await subscribed(['A', 'B'])
  publisher.publish([row('A', '1'), reset('B'), row('B', '2'), row('A', '3')])
  publisher.publish([row('B', '4'), reset('B'), reset('B'), row('B', '5')])
  publisher.publish([row('A', '6'), reset('C')])
  await taken(publisher)
  expect(lines()).toEqual(['A 1,B 2,A 3', 'reset B2-2', 'B 4,B 5', 'reset B5-5', 'A 6'])
})

it('D26: passes every filter, and what is selected', async () => {
  const { publisher, subscriber, lines } = await subscribed('A', {
    where: { A: { ID: 'none' } },
    select: 'ID',
  })
  publisher.publish(row('A', '1'))
  publisher.reset('A', { reason: 'why', keys: [{ ID: '1' }] })
  await taken(publisher)
  expect(lines()).toEqual(['reset A2-2'])
  expect(subscriber.stats()).toMatchObject({ filtered: 1, losses: 1 })
})

it('D26: several of one table in one commit are one, of the keys of all', async () => {
  const { publisher, losses } = await subscribed('A')
  const keyed = (ID: string, reason: string): NewChange => ({
    table: 'A',
    kind: 'reset',
    reason,
    keys: [{ ID }],
  })
  publisher.publish([keyed('1', 'x'), keyed('2', 'y'), keyed('1', 'x')])
  publisher.publish([keyed('1', 'x'), reset('A', 'all')])
  await taken(publisher)
  expect(losses()).toHaveLength(2)
  expect(losses()[0]).toMatchObject({ text: 'x; y', keys: [{ ID: '1' }, { ID: '2' }] })
  expect(losses()[1]).toMatchObject({ text: 'x; all', from: 2, to: 2 })
  expect(losses()[1]).not.toHaveProperty('keys')
})

it('D26: of more keys than are worth while is of the whole table; a long reason is cut', async () => {
  const { publisher, losses } = await subscribed('A')
  const many = Array.from({ length: 10_001 }, (_, ID) => ({ ID }))
  publisher.reset('A', { reason: 'é'.repeat(600), keys: many })
  publisher.reset('A', { reason: 'why', keys: many.slice(1) })
  publisher.reset('A', { reason: 'why', keys: [{ ID: 'x'.repeat(300_000) }] })
  await taken(publisher)
  expect(losses()).toHaveLength(3)
  expect(losses()[0]?.text).toBe(`${'é'.repeat(510)}…`)
  expect(losses().map(({ keys }) => keys?.length)).toEqual([undefined, 10_000, undefined])
})

it('D26: what is no reset is refused, and nothing of its commit is published', async () => {
  const { publisher, lines } = await subscribed(['A', 'B'])
  const wrong: [unknown, TidingsError['code'], RegExp][] = [
    [{ table: 'A', kind: 'reset' }, 'USAGE', /needs a reason/],
    [{ table: 'A', kind: 'reset', reason: '' }, 'USAGE', /needs a reason/],
    [{ table: '', kind: 'reset', reason: 'why' }, 'USAGE', /table/],
    [{ ...reset('A'), record: {} }, 'USAGE', /no field "record"/],
    [{ ...row('A', '1'), keys: [] }, 'USAGE', /no field "keys"/],
    [{ ...reset('A'), keys: [] }, 'USAGE', /list of keys/],
    [{ ...reset('A'), keys: [{}] }, 'USAGE', /names no field/],
    [{ ...reset('A'), keys: ['1'] }, 'VALUE_UNSUPPORTED', /keys\[0\]/],
    [{ ...reset('A'), keys: [{ ID: () => 1 }] }, 'VALUE_UNSUPPORTED', /keys\[0\]\.ID/],
    [{ ...reset('A'), keys: [{ ID: 2n ** 70n }] }, 'VALUE_UNSUPPORTED', /keys\[0\]\.ID/],
  ]
  for (const [change, code, text] of wrong) {
    const refused = expect.objectContaining({ code, message: expect.stringMatching(text) })
    expect(() => publisher.publish(change as NewChange)).toThrow(refused)
    expect(() => publisher.publish([row('B', '0'), change as NewChange])).toThrow(refused)
  }
  expect(() => publisher.reset([], { reason: 'why' })).toThrow(/takes table names/)
  expect(() => publisher.reset('A', { reason: 'why', key: 1 } as never)).toThrow(/no field "key"/)
  expect(() => publisher.reset('A', undefined as never)).toThrow(/reason and keys/)
  publisher.publish([row('A', '1'), row('B', '2')])
  await taken(publisher)
  expect(lines()).toEqual(['A 1,B 2'])
})

it('D26: ends what a slow application has folded: nothing is folded over it', async () => {
  const got: string[] = []
  const { publisher, subscriber } = await openQueuePair<Record<string, object>>()
  const going = Promise.withResolvers<void>()
  const subscription = subscriber.subscribe('A', {
    whenSlow: 'conflate',
    key: 'ID',
    limit: { updates: 8 },
    onDelivery: async (delivery) => {
      await going.promise
      got.push(`${delivery.type} ${line(delivery)}`)
    },
  })
  await subscription.ready
  for (const id of ['1', '2']) {
    for (let n = 0; n < 10; n++) publisher.publish(row('A', id))
    publisher.reset('A', { reason: 'why' })
  }
  // The first delivery is with the application already.
  await eventually('folding', () => {
    publisher.publish(row('A', '3'))
    return subscriber.stats().folded >= 9
  })
  going.resolve()
  await taken(publisher)
  expect(got.slice(1, 4)).toEqual(['loss reset A11-11', 'conflated A 2', 'loss reset A22-22'])
})

it('D26: what its keys take counts against the limit of a slow application', async () => {
  const { publisher, subscriber } = await openQueuePair<Record<string, object>>()
  const going = Promise.withResolvers<void>()
  const subscription = subscriber.subscribe('A', {
    limit: { bytes: 100_000 },
    onDelivery: () => going.promise,
  })
  await subscription.ready
  const behind = Promise.withResolvers<void>()
  const others = subscriber.subscribe('B', { onDelivery: () => behind.resolve() })
  await others.ready
  const keys = [{ ID: 'x'.repeat(60_000) }]
  for (let n = 0; n < 20; n++) {
    publisher.reset('A', { reason: 'why', keys })
    await new Promise(setImmediate)
  }
  publisher.publish({ table: 'B', kind: 'insert', record: {} })
  // What comes behind them has come, so they have: what is held now does not get in.
  await behind.promise
  expect(subscriber.stats().waitingUpdates).toBeLessThan(20)
  expect(subscriber.stats().heldBytes).toBeGreaterThan(0)
  going.resolve()
  await taken(publisher)
  expect(subscriber.stats().losses).toBe(20)
})
