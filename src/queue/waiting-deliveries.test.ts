import { expect, it } from 'vitest'
import type { Loss } from '../model/loss.ts'
import type { Delivery, Update } from '../model/update.ts'
import { SubscribedStream } from '../subscriber/subscribed-stream.ts'
import { ConflationKeys } from './conflation-key.ts'
import { WaitingDeliveries } from './waiting-deliveries.ts'

const publisher = { node: 'n', process: 'p', instance: '', incarnation: 'i' }
const update = (id: number, sequence: number): Update => ({
  table: 'T',
  kind: 'modify',
  record: { ID: id },
  before: undefined,
  version: undefined,
  publisher,
  sequence,
  commit: sequence,
  publishedAt: 0,
})
const loss = (from: number): Loss => ({ table: 'T', publisher, from, to: from, reason: 'evicted' })

const lists = (limit: Partial<{ updates: number; bytes: number }>, key: string | null = 'ID') =>
  new WaitingDeliveries<Record<'T', { ID: number }>>(
    { updates: 1000, bytes: 1000, ...limit },
    key === null ? null : new ConflationKeys(key),
    { folded: () => undefined, keyMissing: () => undefined },
  )

function* drain(waiting: WaitingDeliveries<Record<'T', { ID: number }>>) {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    waiting.release(next)
    yield next.delivery
  }
}

const told = (delivery: Delivery): string =>
  delivery.type === 'loss'
    ? `loss ${delivery.losses.map(({ from }) => from).join()}`
    : `${delivery.type} ${delivery.updates.map(({ sequence }) => sequence).join()}`

it('keeps losses in their places, with what precedes and what follows folded apart', () => {
  const waiting = lists({})
  waiting.addUpdates([update(1, 1)], false, 1, [])
  waiting.addUpdates([update(1, 2)], true, 1, [])
  waiting.addLosses([loss(3)], [])
  waiting.addLosses([loss(4)], [])
  waiting.addUpdates([update(1, 5)], false, 1, [])
  waiting.addUpdates([update(1, 6)], false, 1, [])
  expect(waiting.makeRoom()).toBe(true)
  waiting.addUpdates([update(1, 7)], false, 1, [])
  waiting.addLosses([loss(8)], [])
  waiting.addUpdates([update(1, 9)], false, 1, [])
  const deliveries = [...drain(waiting)] as Delivery[]
  expect(deliveries.map(told)).toEqual([
    'conflated 2',
    'loss 3,4',
    'conflated 7',
    'loss 8',
    'updates 9',
  ])
  expect(deliveries.map((each) => 'incomplete' in each)).toEqual([true, ...Array(4).fill(false)])
  expect(waiting.updates).toBe(0)
})

it('makes room by folding alone, and only where there are keys', () => {
  for (const key of ['ID', null]) {
    const waiting = lists({ updates: 10 }, key)
    for (let sequence = 1; sequence <= 10; sequence++)
      waiting.addUpdates([update(1, sequence)], false, 1, [])
    expect(waiting.hasRoom).toBe(false)
    expect(waiting.makeRoom()).toBe(key !== null)
    expect(waiting.hasRoom).toBe(key !== null)
    expect([...drain(waiting)]).toHaveLength(key === null ? 10 : 1)
  }
})

it('has no room for more keys than the limit, by updates and by bytes', () => {
  for (const [limit, bytes] of [
    [{ updates: 11 }, 1],
    [{ bytes: 1000 }, 100],
  ] as const) {
    const waiting = lists(limit)
    for (let sequence = 1; sequence <= 10; sequence++)
      waiting.addUpdates([update(sequence, sequence)], false, bytes, [])
    expect(waiting.makeRoom()).toBe(false)
    expect([...drain(waiting)].map((each) => told(each as Delivery))).toEqual([
      'conflated 1,2,3,4,5,6,7,8,9,10',
    ])
    expect(waiting.hasRoom).toBe(true)
  }
})

it('bounds losses as well', () => {
  const waiting = lists({ updates: 3 })
  for (const from of [1, 2, 3]) waiting.addLosses([loss(from)], [])
  expect(waiting.makeRoom()).toBe(false)
})

it('counts what the application is busy with until it is released', () => {
  const stream = new SubscribedStream('T')
  const waiting = lists({ updates: 2 })
  waiting.addUpdates([update(1, 1)], false, 1, [{ stream, last: 1 }])
  waiting.addUpdates([update(1, 2)], false, 1, [{ stream, last: 2 }])
  waiting.makeRoom()
  const taken = waiting.shift()
  expect(taken?.positions).toEqual([{ stream, last: 2 }])
  expect(waiting.hasRoom).toBe(false)
  if (taken) waiting.release(taken)
  expect(waiting).toMatchObject({ hasRoom: true, updates: 0 })
})

it('D25: where a key cannot be read, all of what waits is handed over', () => {
  const waiting = lists({})
  const unreadable = (sequence: number): Update => ({
    ...update(1, sequence),
    record: {
      ID: {
        toJSON: () => {
          throw new Error('unreadable')
        },
      },
    },
  })
  waiting.addUpdates([update(1, 1)], false, 1, [])
  waiting.addUpdates([update(1, 2)], false, 1, [])
  waiting.addUpdates([update(2, 3), unreadable(4)], false, 2, [])
  waiting.addLosses([loss(5)], [])
  waiting.addUpdates([update(1, 6)], false, 1, [])
  expect(() => waiting.makeRoom()).toThrow('unreadable')
  expect(waiting.updates).toBe(6)
  const deliveries = [...drain(waiting)] as Delivery[]
  expect(deliveries.map(told)).toEqual(['conflated 2', 'updates 3,4', 'loss 5', 'updates 6'])
  expect(waiting.updates).toBe(0)
  waiting.addUpdates([update(1, 7)], false, 1, [])
  waiting.makeRoom()
  expect(() => waiting.addUpdates([unreadable(8)], false, 1, [])).toThrow('unreadable')
  expect([...drain(waiting)].map((each) => told(each as Delivery))).toEqual([
    'conflated 7',
    'updates 8',
  ])
})
