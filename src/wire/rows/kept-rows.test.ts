import { expect, it } from 'vitest'
import { liveHeapBytes } from '../../../test/harness/live-heap.ts'
import { batches, insert, readAll } from '../../../test/harness/row-journey.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const batchCount = 300
const rowsEach = 500

/** A text that no other row has, longer than what V8 copies by itself out of a string. */
const textOf = (batch: number, row: number, beyondLatin1: boolean): string =>
  `${beyondLatin1 ? '価格' : 'price'} ${batch} of row ${row} is as it was agreed upon by both sides`

/** What a reader keeps of each batch, bytes, if it keeps the rows from `from` to before `end`. */
function bytesKeptOfEach(
  generateAfter: number,
  beyondLatin1: boolean,
  [from, end]: readonly [number, number],
): number {
  const reader = new RowReader({ generateAfter })
  const writer = new RowWriter()
  const kept: object[] = []
  for (let batch = 0; batch < batchCount; batch++) {
    for (let row = 0; row < rowsEach; row++)
      writer.append(insert({ ID: row, TEXT: textOf(batch, row, beyondLatin1 && row % 10 === 0) }))
    for (const { record } of readAll(batches(writer), reader).slice(from, end)) kept.push(record)
  }
  expect(kept).toHaveLength(batchCount * (end - from))
  expect(kept[7 * (end - from)]).toEqual({ ID: from, TEXT: textOf(7, from, beyondLatin1) })
  // What is let go of is what was kept: nothing else of the reader happens between the two looks.
  const before = liveHeapBytes()
  kept.length = 0
  return (before - liveHeapBytes()) / batchCount
}

it.each([
  ['generated', 0, false],
  ['interpreting', Infinity, false],
  ['generated, beyond latin1', 0, true],
])(
  'one row kept of each batch keeps that row alone: decoder %s',
  (_decoder, generateAfter, beyondLatin1) => {
    // A row takes about 200 bytes, the texts of its batch 25,000.
    const all = bytesKeptOfEach(generateAfter, beyondLatin1, [0, rowsEach])
    expect(all).toBeGreaterThan(25_000)
    expect(bytesKeptOfEach(generateAfter, beyondLatin1, [250, 251])).toBeLessThan(2_000)
  },
)
