import { expect, it, vi } from 'vitest'
import {
  memberPath,
  NumberOutOfRange,
  parseExactJson,
  parseJsonWithBigints,
  shownPath,
} from './exact-json.ts'

const refusal = (text: string): unknown => {
  try {
    return parseExactJson(text)
  } catch (reason) {
    return reason instanceof NumberOutOfRange ? [reason.path, reason.source] : reason
  }
}

it.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['-9007199254740993', -9007199254740993n],
  ['[ 9223372036854775807 ]', [9223372036854775807n]],
  ['-9223372036854775808', -9223372036854775808n],
  ['{"a":{"b":[1,\n9007199254740993]}}', { a: { b: [1, 9007199254740993n] } }],
  ['"9007199254740993"', '9007199254740993'],
  ['{"9007199254740993":"x,9007199254740993"}', { '9007199254740993': 'x,9007199254740993' }],
  ['9007199254740993.5', 9007199254740994],
  ['9007199254740991.0', 9007199254740991],
  ['90071992547409930e-2', 900719925474099.3],
  ['0.12345678901234567', Number('0.12345678901234567')],
  ['1e20', 1e20],
  ['1E+307', 1e307],
  ['1e-400', 0],
  ['-0', -0],
])('%s keeps its whole numbers', (text, value) => {
  expect(parseExactJson(text)).toStrictEqual(value)
  expect(parseJsonWithBigints(text)).toStrictEqual(value)
})

it.each([
  ['9007199254740993.0', 9007199254740993n],
  ['-9007199254740993.000', -9007199254740993n],
  ['9.007199254740993e15', 9007199254740993n],
  ['[1.2345678901234567E+17]', [123456789012345670n]],
  ['90071992547409930e-1', 9007199254740993n],
  ['900719925474099.3e1', 9007199254740993n],
  ['9.223372036854775807e18', 9223372036854775807n],
  ['-922337203685477580.8e1', -9223372036854775808n],
  ['{"A":[1,1e16]}', { A: [1, 10n ** 16n] }],
  [`0.${'0'.repeat(300)}9007199254740993e316`, 9007199254740993n],
  [`9007199254740993${'0'.repeat(300)}e-300`, 9007199254740993n],
])('%s is a whole number, exact as if it were written in digits alone', (text, value) => {
  expect(parseExactJson(text)).toStrictEqual(value)
  expect(parseJsonWithBigints(text)).toStrictEqual(JSON.parse(text))
})

it.each([
  '1e20',
  '-1.5e300',
  '1.7976931348623157E308',
  '4.9e-324',
  '18446744073709552000.0',
  '120000000000000000000e280',
])('%s is a double: what JSON makes of it is the same number', (text) => {
  expect(parseExactJson(text)).toBe(Number(text))
})

it('an exponent without end costs nothing', () => {
  const digits = '9'.repeat(400)
  expect(parseExactJson(`0e${digits}`)).toBe(0)
  expect(parseExactJson(`1e-${digits}`)).toBe(0)
  expect(refusal(`1e${digits}`)).toEqual(['', `1e${digits}`])
  const zeros = '0'.repeat(2_000_000)
  expect(parseExactJson(`9007199254740993${zeros}e-2000000`)).toBe(9007199254740993n)
  expect(parseExactJson(`1${zeros}1e-1999980`)).toBe(1e21)
  expect(parseExactJson(`0.${zeros}9007199254740993e2000016`)).toBe(9007199254740993n)
})

it('looks at each number only where one may be more than a double holds', () => {
  const parse = vi.spyOn(JSON, 'parse')
  parseExactJson('{"ID":"1e4b","HASH":"5e77a1","N":[1.5,12,1e-7,123456789012345]}')
  parseExactJson('{"N":1e16}')
  expect(parse.mock.calls.map(({ length }) => length)).toEqual([1, 2])
  parse.mockRestore()
})

it.each([
  ['9223372036854775808', '', '9223372036854775808'],
  ['{"a":[{"b c":-9223372036854775809}]}', '.a[0]["b c"]', '-9223372036854775809'],
  ['{"PRICE":1e400}', '.PRICE', '1e400'],
  ['[0,1,-1.5E+308000]', '[2]', '-1.5E+308000'],
  [`{"a":${'9'.repeat(400)}}`, '.a', '9'.repeat(400)],
  ['{"ID":12345678901234567890e0}', '.ID', '12345678901234567890e0'],
  ['[9.223372036854775808e18]', '[0]', '9.223372036854775808e18'],
  ['[1,92233720368547758080.0e-1]', '[1]', '92233720368547758080.0e-1'],
  ['{"A":12345678901234567890123.0}', '.A', '12345678901234567890123.0'],
])('%s is out of range, by its path', (text, path, source) => {
  expect(refusal(text)).toEqual([path, source])
  expect(parseJsonWithBigints(text)).toStrictEqual(JSON.parse(text))
})

it('refuses what it cannot know to be exact', () => {
  parseExactJson('{"A":1,"\\\\":1}')
  const text = '{"A":1,"\\n":9007199254740993}'
  const read = refusal(text)
  // A V8 that reads the name right gives the number as it is.
  if (Array.isArray(read)) expect(read[1]).toBe('9007199254740992')
  else expect(read).toStrictEqual({ A: 1, '\n': 9007199254740993n })
})

it('throws what JSON.parse throws where it is no JSON', () => {
  for (const text of ['', '{', '[NaN]', '[12345678901234567,]'])
    expect(refusal(text)).toBeInstanceOf(SyntaxError)
})

it('a path is shown from its first name on, and cut where it is long', () => {
  expect(shownPath('.record["odd name"][0]')).toBe('record["odd name"][0]')
  expect(shownPath('[1].record')).toBe('[1].record')
  expect(shownPath(`.record.${'x'.repeat(200)}`)).toBe(`record.${'x'.repeat(93)}…`)
})

it('a path goes on by name, by quoted name or by index', () => {
  expect(['A_1', 'odd name', '', '0'].map(memberPath)).toEqual([
    '.A_1',
    '["odd name"]',
    '[""]',
    '["0"]',
  ])
  expect(memberPath(0)).toBe('[0]')
})
