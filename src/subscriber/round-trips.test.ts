import { expect, it } from 'vitest'
import { identity } from '../../test/harness/pair.ts'
import { RoundTrips } from './round-trips.ts'
import { Source } from './source.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'

it('D15: of a publisher that never answered are those of the others', () => {
  const trips = new RoundTrips()
  const [near, far] = [1, 2].map(
    () => new Source(identity, defaultSubscriberLimits, 0, new Set(), trips),
  )
  expect(far?.pauseMs(700)).toBe(700)
  near?.answered({ tookMs: 2_400, ownStallMs: 0 }, 2_400)
  expect(far?.pauseMs(700)).toBe(3_600)
  far?.answered({ tookMs: 10, ownStallMs: 0 }, 2_500)
  expect(far?.pauseMs(700)).toBe(700)
  expect(near?.pauseMs(700)).toBe(3_600)
})

it('D15: of a publisher whose answer waited for a path that was cut make no pause longer than 4 s', () => {
  const source = new Source(identity, defaultSubscriberLimits, 0, new Set(), new RoundTrips())
  source.answered({ tookMs: 9_000, ownStallMs: 0 }, 9_000)
  expect(source.pauseMs(700)).toBe(4_000)
})

it('are told by the middle one of the last 31: a few that stood still do not speak for all', () => {
  const trips = new RoundTrips()
  expect(trips.typicalMs).toBe(0)
  for (const ms of [4_000, 20, 3_000, 10, 15]) trips.add(ms)
  expect(trips.typicalMs).toBe(20)
  for (let count = 0; count < 31; count += 1) trips.add(100 + count)
  expect(trips.typicalMs).toBe(115)
})
