import { expect, test } from 'vitest'
import { Hearing } from './hearing.ts'

const limits = { deafAfterMs: 3_000, missedAfterMs: 10_000, hearsAfterMs: 1_000 }

test('X7: who has not heard the group for a second is served by the channel', () => {
  const hearing = new Hearing(limits, 0)
  expect(hearing.isDeaf).toBe(true)
  hearing.heard(100)
  hearing.heard(1_099)
  expect(hearing.isDeaf).toBe(true)
  hearing.heard(1_100)
  expect(hearing.isDeaf).toBe(false)
})

test('X7: who hears nothing for 3 s is served by the channel, until it has heard for a second again', () => {
  const hearing = new Hearing(limits, 0)
  hearing.heard(0)
  hearing.heard(1_000)
  hearing.tick(4_000, 0)
  expect(hearing.isDeaf).toBe(false)
  hearing.tick(4_001, 0)
  expect(hearing.isDeaf).toBe(true)
  hearing.heard(4_100)
  expect(hearing.isDeaf).toBe(true)
  hearing.heard(5_100)
  expect(hearing.isDeaf).toBe(false)
})

test('X7: people are told of a silence of 10 s alone: three datagrams in a row may be lost', () => {
  const hearing = new Hearing(limits, 0)
  hearing.tick(10_000, 0)
  expect(hearing.isMissed(10_000)).toBe(false)
  hearing.tick(10_001, 0)
  expect(hearing.isMissed(10_001)).toBe(true)
  hearing.heard(10_100)
  expect(hearing.isMissed(10_100)).toBe(false)
})

test('X7: time in which this process stood still is no silence', () => {
  const hearing = new Hearing(limits, 0)
  hearing.heard(0)
  hearing.heard(1_000)
  hearing.tick(9_000, 7_900)
  expect(hearing.isDeaf).toBe(false)
  hearing.tick(12_000, 0)
  expect(hearing.isDeaf).toBe(true)
})
