import { expect, it } from 'vitest'
import { SharedHop } from './shared-hop.ts'

it('D14: counts how long it was broken since then, of each outage no more than so much', () => {
  const hop = new SharedHop(30_000)
  hop.stands(true, 0)
  hop.stands(false, 1_000)
  hop.stands(false, 2_000)
  expect(hop.brokenMs(0, 3_000)).toBe(2_000)
  expect(hop.brokenMs(2_500, 3_000)).toBe(500)
  hop.stands(true, 5_000)
  hop.stands(false, 6_000)
  hop.stands(true, 6_100)
  expect(hop.brokenMs(0, 10_000)).toBe(4_100)
  expect(hop.brokenMs(6_050, 10_000)).toBe(50)
  expect(hop.brokenMs(7_000, 10_000)).toBe(0)
  hop.stands(false, 10_000)
  expect(hop.brokenMs(9_000, 100_000)).toBe(30_000)
})

it('remembers the last outages of a connection that is never well', () => {
  const hop = new SharedHop(30_000)
  for (let at = 0; at < 10_000; at += 10) {
    hop.stands(false, at)
    hop.stands(true, at + 1)
  }
  expect(hop.brokenMs(0, 10_000)).toBe(64)
})
