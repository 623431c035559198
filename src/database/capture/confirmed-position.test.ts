import { expect, it } from 'vitest'
import type { FlushResult } from '../../queue/flush-result.ts'
import { ConfirmedPosition } from './confirmed-position.ts'

const all: FlushResult = { confirmed: [], missing: [] }
const notAll: FlushResult = {
  confirmed: [],
  missing: [{ node: 'n', process: 'SLOW', instance: '', incarnation: 'i' }],
}

/** Flushes that the test ends. */
function stage() {
  const flushes: ((result: FlushResult) => void)[] = []
  const clock = { time: 0, now: () => clock.time }
  const confirmed = new ConfirmedPosition(
    () => new Promise((resolve) => flushes.push(resolve)),
    clock,
  )
  const end = async (place: number, result: FlushResult): Promise<void> => {
    flushes[place]?.(result)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { clock, confirmed, end, flushes }
}

it('C1: nothing is confirmed that was published before its flush has ended', async () => {
  const { confirmed, end, flushes } = stage()
  confirmed.published(10n, 100)
  expect(confirmed.position).toBe(0n)
  confirmed.mark()
  confirmed.mark()
  expect(flushes).toHaveLength(1)
  confirmed.published(20n, 50)
  await end(0, all)
  expect(confirmed.position).toBe(10n)
  expect(confirmed.unconfirmedBytes).toBe(50)
  expect(confirmed.isAll).toBe(false)
  confirmed.mark()
  await end(1, all)
  expect(confirmed.position).toBe(20n)
  expect(confirmed.isAll).toBe(true)
})

it('C1: a flush that somebody has not confirmed confirms nothing, and is asked for again', async () => {
  const { confirmed, end, flushes } = stage()
  confirmed.published(10n, 100)
  confirmed.mark()
  await end(0, notAll)
  expect(confirmed.position).toBe(0n)
  confirmed.mark()
  expect(flushes).toHaveLength(2)
  await end(1, all)
  expect(confirmed.position).toBe(10n)
})

it('C1: what was nothing for us is confirmed at once where nothing waits, else with what was published before', async () => {
  const { confirmed, end } = stage()
  confirmed.passed(5n)
  expect(confirmed.position).toBe(5n)
  confirmed.published(10n, 100)
  confirmed.passed(12n)
  expect(confirmed.position).toBe(5n)
  confirmed.mark()
  confirmed.passed(15n)
  expect(confirmed.position).toBe(5n)
  await end(0, all)
  expect(confirmed.position).toBe(15n)
  confirmed.passed(11n)
  expect(confirmed.position).toBe(15n)
})

it('C1: what passed behind an update that no flush stands for waits for the next flush', async () => {
  const { confirmed, end } = stage()
  confirmed.published(10n, 100)
  confirmed.mark()
  confirmed.published(20n, 100)
  confirmed.passed(25n)
  await end(0, all)
  expect(confirmed.position).toBe(10n)
  confirmed.mark()
  await end(1, all)
  expect(confirmed.position).toBe(25n)
})

it('a later flush that ends first stands for the earlier ones', async () => {
  const { confirmed, end } = stage()
  for (const position of [10n, 20n]) {
    confirmed.published(position, 1)
    confirmed.mark()
  }
  await end(1, all)
  expect(confirmed.position).toBe(20n)
  await end(0, notAll)
  expect(confirmed.position).toBe(20n)
  expect(confirmed.isAll).toBe(true)
})

it('tells for how long nobody has confirmed anything of what waits', async () => {
  const { clock, confirmed, end } = stage()
  clock.time = 1000
  expect(confirmed.stalledMs).toBe(0)
  confirmed.published(10n, 1)
  clock.time = 4000
  confirmed.published(20n, 1)
  expect(confirmed.stalledMs).toBe(3000)
  confirmed.mark()
  confirmed.published(30n, 1)
  await end(0, all)
  expect(confirmed.stalledMs).toBe(0)
  clock.time = 9000
  expect(confirmed.stalledMs).toBe(5000)
})
