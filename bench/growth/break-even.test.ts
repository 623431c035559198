import { expect, it } from 'vitest'
import { breakEven } from './break-even.ts'

const costs = (atZero: number, each: number) =>
  [3, 6, 12].map((nodes) => ({ nodes, cost: atZero + each * nodes }))

it('two lines meet where both cost the same', () => {
  expect(breakEven(costs(0, 2), costs(16, 0))).toBeCloseTo(8)
})

it('what is steeper never costs less later, and what is below from the beginning always does', () => {
  expect(breakEven(costs(0, 1), costs(5, 2))).toBe(Infinity)
  expect(breakEven(costs(5, 1), costs(0, 2))).toBe(0)
  expect(breakEven(costs(5, 2), costs(0, 1))).toBe(0)
})
