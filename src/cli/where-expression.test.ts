import { expect, it } from 'vitest'
import { whereOf } from './where-expression.ts'

it.each([
  ['PRICE >= 100', { PRICE: { gte: 100 } }],
  [
    "SIDE = 'BUY' and PRICE >= 1.5e2 AND PRICE<200",
    { SIDE: { eq: 'BUY' }, PRICE: { gte: 150, lt: 200 } },
  ],
  ["ID in ('T1', 'it''s', -2, null)", { ID: { in: ['T1', "it's", -2, null] } }],
  [
    'OPEN = true and CLOSED != null and Q <> 5n',
    { OPEN: { eq: true }, CLOSED: { not: null }, Q: { not: 5n } },
  ],
  [
    `"in" = 1 and "a ""b""" = 2 and Größe <= 3`,
    { in: { eq: 1 }, 'a "b"': { eq: 2 }, Größe: { lte: 3 } },
  ],
  ["AT > date '2026-01-31T12:00:00Z'", { AT: { gt: new Date('2026-01-31T12:00:00Z') } }],
  ['Q > 9007199254740993n', { Q: { gt: 9007199254740993n } }],
])('%s', (text, where) => {
  expect(whereOf(text)).toEqual(where)
})

it('a field of any name is one of its own', () => {
  expect(Object.keys(whereOf('__proto__ = 1'))).toEqual(['__proto__'])
})

it.each([
  ['', 1, 'expected the name of a field, got the end'],
  ['PRICE', 6, '"in" or one of = != <> < <= > >= behind the field PRICE, got the end'],
  [
    'PRICE >=',
    9,
    "a value: 'text', a number, a bigint such as 5n or date '2026-01-31', got the end",
  ],
  ['PRICE = 100 or SIDE = 1', 13, 'expected "and" or the end, got "or"'],
  ['PRICE >= null', 10, 'got "null"'],
  ['SIDE = BUY', 8, "a value: 'text', a number"],
  ["SIDE = 'BUY", 8, "no ' ends what begins here"],
  ['ID in 5', 7, 'expected "(" behind "in", got "5"'],
  ['ID in (5', 9, 'expected "," or ")", got the end'],
  ['A > 1 and A > 2', 11, 'the field A has this condition already'],
  ['A = 9007199254740993', 5, 'write it as a bigint, 9007199254740993n'],
  ["A > date 'soon'", 10, 'expected a time of ISO 8601 behind date'],
  ['A = 5x', 5, 'got 5'],
  ['A = 1 and ', 11, 'the name of a field, got the end'],
])('%s: column %i is told', (text, column, message) => {
  const error = (() => {
    try {
      whereOf(text)
    } catch (thrown) {
      return thrown as Error
    }
    throw new Error('it was taken')
  })()
  expect(error.message).toContain(`--where:1:${column}: `)
  expect(error.message).toContain(message)
  expect(error.message).toContain('^')
  expect(error.message).toMatch(/\[USAGE\]$/)
})
