import { expect, it } from 'vitest'
import { recordValues } from './record-text.ts'

it.each([
  ['(T1,101.5,7)', ['T1', '101.5', '7']],
  ['(,"",x)', [null, '', 'x']],
  ['("a,b","say ""hi""","c:\\\\d")', ['a,b', 'say "hi"', 'c:\\d']],
  ['()', [null]],
  ['(,)', [null, null]],
  ['("{1,2}","(1,"" "")","\n")', ['{1,2}', '(1," ")', '\n']],
  ['("""")', ['"']],
])('%s is a row of the values that it is written of', (text, values) => {
  expect(recordValues(text)).toEqual(values)
})

it.each(['', '(', ')', 'T1', '("a', '("a)', '("a"b)', '("a\\b")', '("a",'])(
  '%s is no row',
  (text) => {
    expect(recordValues(text)).toBeNull()
  },
)
