import { expect, test } from 'vitest'
import { RateLimit } from './rate-limit.ts'

test('admits one of a kind within the interval', () => {
  const limit = new RateLimit(1_000)
  expect(limit.admits('a', 0)).toBe(true)
  expect(limit.admits('b', 500)).toBe(true)
  expect(limit.admits('a', 999)).toBe(false)
  expect(limit.admits('a', 1_000)).toBe(true)
  expect(limit.admits('b', 1_499)).toBe(false)
  expect(limit.admits('b', 1_500)).toBe(true)
})

test('keeps its word for all of an interval when many ask, and remembers nothing older', () => {
  const limit = new RateLimit(2_000)
  for (let i = 0; i < 5_000; i++) expect(limit.admits(`publisher ${i}`, i)).toBe(true)
  for (let i = 3_001; i < 5_000; i++) expect(limit.admits(`publisher ${i}`, 5_000)).toBe(false)
  expect(limit.remembered).toBe(1_999)
})
