import { expect, it } from 'vitest'
import { Pace } from './pace.ts'

it('what took long waits for a multiple of that, within a bound; what cost nothing does not wait', () => {
  const pace = new Pace(2, 500)
  expect(pace.waitMs(0)).toBe(0)
  pace.took(100, 100)
  expect(pace.waitMs(100)).toBe(0)
  pace.took(100, 130)
  expect(pace.waitMs(130)).toBe(60)
  expect(pace.waitMs(180)).toBe(10)
  expect(pace.waitMs(200)).toBe(0)
  pace.took(1_000, 3_000)
  expect(pace.waitMs(3_000)).toBe(500)
})
