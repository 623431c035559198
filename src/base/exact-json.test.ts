import { expect, it } from 'vitest'
import { memberPath, NumberOutOfRange, parseExactJson, parseJsonWithBigints } from './exact-json.ts'

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
  ['9007199254740993.0', 9007199254740992],
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
  ['9223372036854775808', '', '9223372036854775808'],
  ['{"a":[{"b c":-9223372036854775809}]}', '.a[0]["b c"]', '-9223372036854775809'],
  ['{"PRICE":1e400}', '.PRICE', '1e400'],
  ['[0,1,-1.5E+308000]', '[2]', '-1.5E+308000'],
  [`{"a":${'9'.repeat(400)}}`, '.a', '9'.repeat(400)],
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

it('a path goes on by name, by quoted name or by index', () => {
  expect(['A_1', 'odd name', '', '0'].map(memberPath)).toEqual([
    '.A_1',
    '["odd name"]',
    '[""]',
    '["0"]',
  ])
  expect(memberPath(0)).toBe('[0]')
})
