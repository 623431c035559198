import { describe, expect, it } from 'vitest'
import { median, pairedRatios, spread } from './statistics.ts'

describe('median', () => {
  it('is the middle one, or the mean of the two in the middle, in whatever order', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([7])).toBe(7)
    expect(median([])).toBeNaN()
  })

  it('leaves what it is given as it was', () => {
    const numbers = [3, 1, 2]
    median(numbers)
    expect(numbers).toEqual([3, 1, 2])
  })
})

it('a spread has the least and the most', () => {
  expect(spread([5, 9, 1])).toEqual({ median: 5, min: 1, max: 9 })
})

it('ratios are taken pair by pair, not of medians', () => {
  // A machine that slowed down threefold in the second repetition: the ratio is the same in both.
  expect(pairedRatios([900, 300, 600], [90, 30, 60])).toEqual({ median: 10, min: 10, max: 10 })
  expect(pairedRatios([10, 20], [10])).toEqual({ median: 1, min: 1, max: 1 })
})
