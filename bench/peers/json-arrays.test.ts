import { expect, it } from 'vitest'
import { jsonArrays } from './json-arrays.ts'

const records = Array.from({ length: 50 }, (_, id) => ({ id, text: 'ü'.repeat(id) }))

it('keeps all records in their order, in arrays that are shorter than the limit', () => {
  const arrays = jsonArrays(records, 300)
  expect(arrays.flatMap((text) => JSON.parse(text) as unknown[])).toEqual(records)
  for (const text of arrays) expect(Buffer.byteLength(text)).toBeLessThan(300)
})

it('fills an array up to one byte below the limit', () => {
  const two = [{ a: 1 }, { a: 2 }]
  const whole = '[{"a":1},{"a":2}]'
  expect(jsonArrays(two, whole.length + 1)).toEqual([whole])
  expect(jsonArrays(two, whole.length)).toEqual(['[{"a":1}]', '[{"a":2}]'])
})

it('leaves what is too long to the one who refuses it, and makes nothing of nothing', () => {
  expect(jsonArrays([{ a: 'long' }], 5)).toEqual(['[{"a":"long"}]'])
  expect(jsonArrays([], 100)).toEqual([])
})
