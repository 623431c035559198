import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/harness/manual-clock.ts'
import { Ticker } from './ticker.ts'

test('says by how much this process stood still', () => {
  const clock = new ManualClock()
  const late: number[] = []
  const heartbeat = new Ticker(clock, 100, (ms) => late.push(ms))
  clock.moveTo(100)
  clock.moveTo(290)
  clock.moveTo(1_290)
  clock.moveTo(1_390)
  expect(late).toEqual([0, 0, 900, 0])
  heartbeat.stop()
  expect(clock.waiting).toBe(0)
})
