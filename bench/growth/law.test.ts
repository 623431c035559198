import { expect, it } from 'vitest'
import { lawLine, lawOf } from './law.ts'

const sizes = [2, 8, 32, 64]
const points = (law: (x: number) => number) => sizes.map((x) => ({ x, y: law(x) }))

it('finds exponent and factor of a power law', () => {
  const law = lawOf(points((x) => 3 * x ** 2))
  expect(law?.exponent).toBeCloseTo(2, 10)
  expect(law?.factor).toBeCloseTo(3, 10)
  expect(law?.fit).toBeCloseTo(1, 10)
})

it('finds falling and flat ones', () => {
  expect(lawOf(points((x) => 5 / x))?.exponent).toBeCloseTo(-1, 10)
  expect(lawOf(points(() => 7))).toEqual({ exponent: 0, factor: expect.closeTo(7), fit: 1 })
})

it('has the slope of least squares where the points are off any line', () => {
  const bent = [
    { x: 1, y: 1 },
    { x: Math.E, y: Math.E ** 2 },
    { x: Math.E ** 2, y: Math.E },
  ]
  expect(lawOf(bent)?.exponent).toBeCloseTo(0.5, 10)
  expect(lawOf(bent)?.fit).toBeCloseTo(0.25, 10)
})

it('has no law for fewer than two sizes, and none for zeros', () => {
  expect(lawOf([])).toBeNull()
  expect(lawOf([{ x: 2, y: 2 }])).toBeNull()
  expect(lawOf([2, 2].map((x) => ({ x, y: x })))).toBeNull()
  expect(lawOf(points(() => 0))).toBeNull()
})

it('writes a line', () => {
  expect(
    lawLine(
      'connections',
      'n',
      points((x) => x * x),
    ),
  ).toBe('connections ~ n^2.0 (R² 1.00)')
  expect(
    lawLine(
      'memory',
      'n',
      points((x) => x ** -0.001),
    ),
  ).toBe('memory ~ n^0.0 (R² 1.00)')
  expect(lawLine('memory', 'n', [])).toBe('memory: too few sizes for a law')
})
