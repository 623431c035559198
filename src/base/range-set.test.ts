import { expect, it } from 'vitest'
import { seededRandom } from './random.ts'
import { RangeSet } from './range-set.ts'

it('behaves as a set of numbers would', () => {
  const random = seededRandom(1)
  const draw = (below: number) => Math.floor(random() * below)
  for (let round = 0; round < 200; round++) {
    const ranges = new RangeSet()
    const numbers = new Set<number>()
    for (let step = 0; step < 30; step++) {
      const from = 1 + draw(40)
      const to = from + draw(10) - 1
      const isAdding = random() < 0.6
      if (isAdding) ranges.add(from, to)
      else ranges.remove(from, to)
      for (let number = from; number <= to; number++)
        if (isAdding) numbers.add(number)
        else numbers.delete(number)
    }
    const listed = [...ranges].flatMap(({ from, to }) =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index),
    )
    expect(listed).toEqual([...numbers].sort((a, b) => a - b))
    expect(ranges.isEmpty).toBe(numbers.size === 0)
    for (let number = 0; number <= 60; number++) {
      expect(ranges.has(number)).toBe(numbers.has(number))
      const next = [...numbers].filter((each) => each >= number).sort((a, b) => a - b)[0]
      expect(ranges.firstFrom(number)).toBe(next ?? Infinity)
      let end = number - 1
      while (numbers.has(end + 1)) end++
      expect(ranges.endOfRunAt(number)).toBe(end)
    }
  }
})
