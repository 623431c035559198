import { expect, it } from 'vitest'
import { median } from './median.ts'

it('finds the middle', () => {
  expect(median([30, 1, 2])).toBe(2)
  expect(median([10, 4, 1, 2])).toBe(3)
  expect(median([])).toBeNaN()
})
