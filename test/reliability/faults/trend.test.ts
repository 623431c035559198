import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import { trendOf } from './trend.ts'

const seconds = 3_600

/** An hour of samples around 200 that grow by so much, each with the noise of its second and a part of that before. */
function grownBy(growth: number, { seed = 1, memory = 0, noise = 10 } = {}) {
  const random = seededRandom(seed)
  const times = Array.from({ length: seconds }, (_, second) => second)
  let before = 0
  const values = times.map((second) => {
    before = memory * before + noise * (random() - 0.5)
    return 200 + (growth * second) / seconds + before
  })
  return { times, values }
}

describe('memory', () => {
  it('that goes up and down does not grow', () => {
    const grew = Array.from({ length: 50 }, (_, seed) =>
      trendOf('heap', { unit: 'MiB', isPart: false, ...grownBy(0, { seed, memory: 0.9 }) }),
    ).filter(({ grows }) => grows)
    expect(grew).toEqual([])
  })

  it('that grows by 2 % an hour is a finding, though each second is off by as much', () => {
    for (let seed = 0; seed < 50; seed++) {
      const trend = trendOf('heap', { unit: 'MiB', isPart: false, ...grownBy(4, { seed }) })
      expect(trend).toMatchObject({ grows: true })
      expect(trend.perHour).toBeGreaterThan(2 * trend.error)
    }
  })

  it('of which the slope is within twice its error is noise', () => {
    const { times, values } = grownBy(0)
    const flat = trendOf('heap', { unit: 'MiB', isPart: false, times, values })
    const tilted = (perHour: number) => ({
      times,
      values: values.map((value, second) => value + ((perHour - flat.perHour) * second) / 3_600),
    })
    expect(trendOf('heap', { unit: 'MiB', isPart: false, ...tilted(1.9 * flat.error) }).grows).toBe(
      false,
    )
    expect(trendOf('heap', { unit: 'MiB', isPart: false, ...tilted(2.1 * flat.error) }).grows).toBe(
      true,
    )
  })

  it('that fills in the first quarter only does not grow', () => {
    const { times, values } = grownBy(0)
    const filling = values.map((value, second) => value - Math.max(0, 100 - second))
    expect(trendOf('heap', { unit: 'MiB', isPart: false, times, values: filling }).grows).toBe(
      false,
    )
  })

  it('that shrinks is none', () => {
    expect(trendOf('heap', { unit: 'MiB', isPart: false, ...grownBy(-50) }).grows).toBe(false)
  })
})

it('a latency that steps up late is a finding', () => {
  const { times, values } = grownBy(0)
  const stepped = values.map((value, second) => (second > 2_900 ? value * 1.5 : value))
  expect(trendOf('p50', { unit: 'ms', isPart: false, times, values: stepped }).grows).toBe(true)
})

it('tells by the means of four parts whether a growth goes on or comes to an end', () => {
  const times = Array.from({ length: 400 }, (_, second) => second)
  // The first quarter does not count: of the other 300, the first half climbs.
  const values = times.map((second) => Math.min(250, Math.max(100, second)))
  const { quarters } = trendOf('heap', { unit: 'MiB', isPart: false, times, values })
  expect(quarters).toEqual([137, 212, 250, 250])
})
