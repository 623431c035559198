import { expect, it } from 'vitest'
import type { RowSet } from './workload.ts'
import {
  addToSum,
  expectedSum,
  finalSum,
  readings,
  rowMaker,
  rowReader,
  rowSets,
} from './workload.ts'

const rows = (set: RowSet, count: number) =>
  Array.from({ length: count }, (_, i) => rowMaker(set)(i))

it('rows have as many fields as their set says, a tenth of the wide ones beyond latin1', () => {
  expect(Object.keys(rowMaker('15')(1))).toHaveLength(15)
  const wide = rows('20w', 100)
  expect(Object.keys(wide[1] ?? {})).toHaveLength(20)
  const beyond = wide.filter((row) => /[\u0100-\uffff]/u.test(JSON.stringify(row)))
  expect(beyond).toHaveLength(10)
})

it.each(rowSets.flatMap((set) => readings.map((reading) => [set, reading] as const)))(
  'sums of %s, %s field read, do not depend on the order and tell of a row that is missing or changed',
  (set, reading) => {
    const read = rowReader(set, reading)
    const all = rows(set, 3000)
    const sumOf = (records: typeof all) =>
      finalSum(records.reduce((sum, record) => addToSum(sum, read(record)), 0))
    const expected = expectedSum(set, reading, 3000, 1)
    expect(sumOf(all)).toBe(expected)
    expect(sumOf(all.toReversed())).toBe(expected)
    expect(sumOf([...all, ...all])).toBe(expectedSum(set, reading, 3000, 2))
    expect(sumOf(all.slice(1, -1))).not.toBe(expected)
    const [first, ...others] = all
    expect(sumOf([{ ...first!, QUANTITY: 1 }, ...others])).not.toBe(expected)
  },
)
