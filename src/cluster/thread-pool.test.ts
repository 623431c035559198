import { expect, test } from 'vitest'
import { linkLimit, threadPoolSize } from './thread-pool.ts'

test.each([
  [undefined, 4],
  ['', 4],
  ['many', 4],
  ['0', 1],
  ['32', 32],
  ['5000', 1_024],
])('UV_THREADPOOL_SIZE=%s gives %i threads', (value, threads) => {
  expect(threadPoolSize(value === undefined ? {} : { UV_THREADPOOL_SIZE: value })).toBe(threads)
})

test('three proxies and two threads for files come before links', () => {
  expect([1, 4, 5, 6, 32].map(linkLimit)).toEqual([0, 0, 0, 1, 27])
})
