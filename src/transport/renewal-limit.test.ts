import { expect, it } from 'vitest'
import { RenewalLimit } from './renewal-limit.ts'

it('renews one hop once in two seconds, and hops independently', () => {
  const limit = new RenewalLimit()
  expect(limit.take('outbound', 0)).toBe(true)
  expect(limit.take('outbound', 1_999)).toBe(false)
  expect(limit.take('link b', 1_999)).toBe(true)
  expect(limit.take('outbound', 2_000)).toBe(true)
  expect(limit.take('outbound', 3_999)).toBe(false)
})

it('keeps its word for recent hops when many ask', () => {
  const limit = new RenewalLimit()
  for (let i = 0; i < 5_000; i++) expect(limit.take(`publisher ${i}`, i)).toBe(true)
  for (let i = 3_001; i < 5_000; i++) expect(limit.take(`publisher ${i}`, 5_000)).toBe(false)
})
