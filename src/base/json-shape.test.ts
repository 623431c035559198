import { expect, it } from 'vitest'
import { integer, joined, record } from './json-shape.ts'

const one = record<{ one: number }>({ one: integer(0, 9) })

it('joins what two shapes read of one object, and keeps nothing else of it', () => {
  const two = record<{ two: number }>({ two: integer(0, 9) })
  expect(joined(one, two)({ one: 1, two: 2, three: 3 })).toEqual({ one: 1, two: 2 })
})

it('joins nothing where either of them refuses it', () => {
  const two = record<{ two: number }>({ two: integer(0, 9) })
  const values = [{ one: 1 }, { two: 2 }, { one: 10, two: 2 }, { one: 1, two: '2' }, null, [], 'a']
  expect(values.map(joined(one, two))).toEqual(values.map(() => undefined))
})
