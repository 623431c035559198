import { afterEach, expect, it, vi } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import type { Registration } from '../model/roster-entry.ts'
import { openUpdateQueue } from './open-update-queue.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** A transport, and all that is said over it of the process. */
function recorded() {
  const transport = new MemoryCluster().transport()
  const said: Registration[] = []
  const register = transport.register.bind(transport)
  transport.register = (registration) => {
    said.push(registration)
    register(registration)
  }
  return { transport, said }
}

it('D20: has the last numbers of all streams from when the process leaves', async () => {
  const { transport, said } = recorded()
  const queue = await openUpdateQueue({ process: 'LEAVING', transport })
  queue.publish([
    { table: 'A', kind: 'insert', record: {} },
    { table: 'B', kind: 'insert', record: {} },
  ])
  queue.publish({ table: 'A', kind: 'insert', record: {} })
  await queue.close()
  const last = [
    { table: 'A', last: 2 },
    { table: 'B', last: 1 },
  ]
  for (const { state, last: told } of said) expect(told).toEqual(state === 'alive' ? null : last)
  const states = new Set(said.map(({ state }) => state))
  expect([...states]).toEqual(expect.arrayContaining(['leaving', 'ended']))
})

it('is said again where the process is well no longer, and when it is again', async () => {
  const { transport, said } = recorded()
  const queue = await openUpdateQueue({ process: 'SLOW', transport })
  const taken = Promise.withResolvers<void>()
  const subscription = queue.subscribe('A', { onDelivery: () => taken.promise })
  await subscription.ready
  queue.publish({ table: 'A', kind: 'insert', record: {} })
  const lag = () => said.at(-1)?.health?.lagSeconds ?? 0
  await eventually('it is said that it lags', () => lag() >= 2)
  expect(said.at(-1)?.health).toMatchObject({ ready: true, waitingFor: [], losses: 0 })
  taken.resolve()
  await eventually('it is said that it does not', () => lag() === 0)
  await queue.close()
})

it('is said again where something was published since: an idle process leaves the repeating to its transport', async () => {
  const { transport, said } = recorded()
  vi.useFakeTimers()
  const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  const opening = openUpdateQueue({ process: 'IDLE', transport })
  await passed(100)
  const queue = await opening
  said.length = 0
  const sequences = () => said.map(({ sequences: each }) => each)
  await passed(5_000)
  expect(sequences()).toEqual([])
  queue.publish({ table: 'A', kind: 'insert', record: {} })
  await passed(5_000)
  expect(sequences().at(-1)).toEqual([{ table: 'A', last: 1 }])
  const before = said.length
  await passed(5_000)
  expect(said.length).toBe(before)
  const closing = queue.close()
  await passed(100)
  await closing
})

it('D3: is said a few times where one turn publishes 3,000 new tables, and names all of them', async () => {
  const { transport, said } = recorded()
  await using queue = await openUpdateQueue({ process: 'P', transport })
  said.length = 0
  for (let table = 0; table < 3_000; table++)
    queue.publish({ table: `T${table}`, kind: 'insert', record: {} })
  await queue.flush()
  expect(said.at(-1)?.publishes).toHaveLength(3_000)
  expect(said.length).toBeLessThan(5)
})
