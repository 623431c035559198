import { expect, it } from 'vitest'
import type { TidingsError } from '../base/tidings-error.ts'
import type { Update } from '../model/update.ts'
import type { SubscribeOptions } from './options.ts'
import { type HandleEvents, SubscriptionHandle } from './subscription-handle.ts'

const nothing = (): void => undefined
const update = { table: 'A', kind: 'insert', record: {}, sequence: 1 } as unknown as Update

function handleWith(options: SubscribeOptions, events: Partial<HandleEvents>) {
  return new SubscriptionHandle(options, {
    queue: { node: 'n', process: 'p', instance: '', incarnation: '0' },
    event: nothing,
    handlerFailed: nothing,
    ready: nothing,
    delivered: nothing,
    filtered: nothing,
    folded: nothing,
    keyMissing: nothing,
    tooSlow: nothing,
    consumed: nothing,
    await: nothing,
    endOfTurn: nothing,
    stopped: nothing,
    unreachable: () => [],
    ...events,
  })
}

it('fail: an application is slow that has not taken enough by the end of the turn', async () => {
  const turns: (() => void)[] = []
  const endTurn = (): void => {
    for (const run of turns.splice(0)) run()
  }
  const told: TidingsError[] = []
  const handle = handleWith(
    { whenSlow: 'fail', limit: { updates: 2 } },
    { tooSlow: (error) => told.push(error), endOfTurn: (run) => turns.push(run) },
  )
  const { sink } = handle
  const iterator = handle[Symbol.asyncIterator]()
  // Much at once: nobody can have taken it yet.
  sink.updates([update, update], false, 10, [])
  expect(sink.hasRoom()).toBe(false)
  await iterator.next()
  endTurn()
  expect(told).toEqual([])
  expect(sink.hasRoom()).toBe(true)
  sink.updates([update, update], false, 10, [])
  expect(sink.hasRoom()).toBe(false)
  endTurn()
  expect(told).toMatchObject([{ code: 'SUBSCRIBER_TOO_SLOW' }])
  expect(await handle.closed).toBe(told[0])
})

it('fail: an application that is handed something else at the end of the turn is asked at the end of the next', async () => {
  const turns: (() => void)[] = []
  const endTurn = (): void => {
    for (const run of turns.splice(0)) run()
  }
  const told: TidingsError[] = []
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const gates = [first, second]
  const handle = handleWith(
    {
      whenSlow: 'fail',
      limit: { updates: 2, bytes: 2 ** 26 },
      onDelivery: () => gates.shift()?.promise,
    },
    {
      tooSlow: (error) => told.push(error),
      consumed: () => void handle.sink.hasRoom(),
      endOfTurn: (run) => turns.push(run),
    },
  )
  const { sink } = handle
  // The first is as much as is handed over in a turn: the next has to wait for the one that follows.
  sink.updates([update], false, 2 ** 20, [])
  sink.updates([update, update], false, 10, [])
  expect(sink.hasRoom()).toBe(false)
  first.resolve()
  await expect.poll(() => turns.length).toBe(2)
  endTurn()
  expect(told).toEqual([])
  endTurn()
  expect(told).toMatchObject([{ code: 'SUBSCRIBER_TOO_SLOW' }])
})

it('D22: stopped within a delivery it takes, counts and tells nothing more, and has no room', async () => {
  const told: string[] = []
  const handle = handleWith(
    { onDelivery: () => void handle.stop() },
    {
      delivered: () => told.push('delivered'),
      filtered: () => told.push('filtered'),
      event: ({ type }) => told.push(type),
      ready: () => told.push('ready'),
    },
  )
  const { sink } = handle
  sink.updates([update], false, 10, [])
  expect(told).toEqual(['delivered'])
  sink.updates([update], false, 10, [])
  sink.filtered(1)
  sink.losses([{ table: 'A', publisher: null, from: 1, to: 1, reason: 'evicted' }], [])
  sink.event({ type: 'waiting', missing: [] })
  sink.ready()
  expect(told).toEqual(['delivered'])
  expect([sink.hasRoom(), sink.isUnderHalf()]).toEqual([false, false])
  expect(await handle.closed).toBeUndefined()
})
