import { expect, test } from 'vitest'
import { LinkAge } from './link-age.ts'

test('D12: a link may be made anew when it has stood for twice as long as it took to make', () => {
  const age = new LinkAge(1_000)
  age.connected(1_500)
  age.connected(9_000)
  expect([2_499, 2_500].map((now) => age.mayRenew(now))).toEqual([false, true])
})

test('D12: or when 10 s have gone by', () => {
  const age = new LinkAge(0)
  expect([9_999, 10_000].map((now) => age.mayRenew(now))).toEqual([false, true])
  age.connected(20_000)
  expect([29_999, 30_000].map((now) => age.mayRenew(now))).toEqual([false, true])
})

test('how long it has stood, or has not', () => {
  const age = new LinkAge(0)
  expect(age.condition(500)).toEqual({ state: 'connecting', forMs: 500 })
  age.connected(1_000)
  age.connected(2_000)
  expect(age.condition(5_000)).toEqual({ state: 'connected', forMs: 4_000 })
  age.disconnected(6_000)
  age.disconnected(7_000)
  expect(age.condition(7_500)).toEqual({ state: 'connecting', forMs: 1_500 })
})

test('one that is made in its place has not stood for as long as it has not', () => {
  const age = new LinkAge(0)
  const again = age.next(1_000).next(2_000)
  expect(again.condition(2_500)).toEqual({ state: 'connecting', forMs: 2_500 })
  expect([11_999, 12_000].map((now) => again.mayRenew(now))).toEqual([false, true])
  again.connected(13_000)
  expect(again.next(14_000).condition(14_500)).toEqual({ state: 'connecting', forMs: 500 })
})
