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

/** A number that counts how often anything is compared with it, or made of it. */
function counted(number: number): { readonly number: number; uses: number } {
  const counter = { uses: 0 }
  const valueOf = (): number => {
    counter.uses++
    return number
  }
  return Object.assign(counter, { number: { valueOf } as unknown as number })
}

it('looks at a few of many ranges, whatever is asked for, added or removed', () => {
  const ranges = new RangeSet()
  for (let at = 0; at < 100_000; at++) ranges.add(10 * at, 10 * at + 4)
  const run = counted(500_001)
  expect(ranges.endOfRunAt(run.number)).toBe(500_004)
  const next = counted(500_006)
  expect(ranges.firstFrom(next.number)).toBe(500_010)
  const [from, to] = [counted(500_006), counted(500_007)]
  ranges.add(from.number, to.number)
  const [first, last] = [counted(500_021), counted(500_032)]
  ranges.remove(first.number, last.number)
  for (const { uses } of [run, next, from, to, first, last]) expect(uses).toBeLessThan(40)
  expect(ranges.has(500_030)).toBe(false)
})
