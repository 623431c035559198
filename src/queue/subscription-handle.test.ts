import { expect, it } from 'vitest'
import type { TidingsError } from '../base/tidings-error.ts'
import type { Update } from '../model/update.ts'
import { SubscriptionHandle } from './subscription-handle.ts'

const nothing = (): void => undefined
const update = { table: 'A', kind: 'insert', record: {}, sequence: 1 } as unknown as Update

it('fail: an application is slow that has not taken enough by the end of the turn', async () => {
  const turns: (() => void)[] = []
  const endTurn = (): void => {
    for (const run of turns.splice(0)) run()
  }
  const told: TidingsError[] = []
  const handle = new SubscriptionHandle(
    { whenSlow: 'fail', limit: { updates: 2 } },
    {
      event: nothing,
      handlerFailed: nothing,
      ready: nothing,
      delivered: nothing,
      filtered: nothing,
      folded: nothing,
      keyMissing: nothing,
      tooSlow: (error) => told.push(error),
      consumed: nothing,
      endOfTurn: (run) => turns.push(run),
      stopped: nothing,
    },
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
