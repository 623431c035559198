import { expect, it } from 'vitest'
import { WallClocks } from './wall-clocks.ts'

const told = (wallClock: number) => ({ wallClock, withinMs: 0 })

it('a clock is taken to be read in the middle between question and answer, and goes on from there', () => {
  const clocks = new WallClocks()
  clocks.asked('b', 1_000)
  clocks.answered('b', told(70_000), 1_040)
  expect(clocks.of('b', 1_020)).toEqual({ wallClock: 70_000, withinMs: 20 })
  expect(clocks.of('b', 2_020)).toEqual({ wallClock: 71_000, withinMs: 20 })
})

it('of two questions under way the first counts', () => {
  const clocks = new WallClocks()
  clocks.asked('b', 0)
  clocks.asked('b', 90)
  clocks.answered('b', told(5_000), 100)
  clocks.answered('b', told(9_000), 110)
  expect(clocks.of('b', 50)).toEqual({ wallClock: 5_000, withinMs: 50 })
})

it('who does not tell the time shows none', () => {
  const clocks = new WallClocks()
  clocks.asked('b', 0)
  clocks.answered('b', null, 10)
  expect(clocks.of('b', 10)).toBeNull()
})
