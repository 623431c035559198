import { expect, it } from 'vitest'
import { OwnStalls } from './own-stalls.ts'

it('D15: counts from when a tick was due, also before it has come, and each time once', () => {
  const stalls = new OwnStalls(200, 0)
  stalls.tick(150)
  expect(stalls.totalMs(350)).toBe(0)
  expect(stalls.totalMs(3_350)).toBe(3_000)
  expect(stalls.tick(3_350)).toBe(3_100)
  expect(stalls.totalMs(3_350)).toBe(3_000)
  expect(stalls.totalMs(3_750)).toBe(3_200)
})

it('D15: counts from when a tick was due, where all is quiet and it comes later', () => {
  const stalls = new OwnStalls(200, 0)
  stalls.tick(0)
  stalls.nextTickAt(1_000)
  expect(stalls.totalMs(1_000)).toBe(0)
  expect(stalls.tick(1_500)).toBe(500 + 250)
})

it('D14: is taken to have begun in the middle of the pause before the late tick', () => {
  const stalls = new OwnStalls(200, 0)
  stalls.tick(0)
  stalls.nextTickAt(1_000)
  expect(stalls.tick(13_000)).toBe(12_000 + 500)
  expect(stalls.tick(13_300)).toBe(0)
  expect(stalls.tick(13_800)).toBe(300 + 100)
})

it('D15: counts from when a tick was due, where one was asked for before the late one', () => {
  const stalls = new OwnStalls(200, 0)
  stalls.tick(0)
  stalls.nextTickAt(1_000)
  stalls.wake(100)
  expect(stalls.totalMs(800)).toBe(500)
})
