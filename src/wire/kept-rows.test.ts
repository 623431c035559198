import { expect, it } from 'vitest'
import { liveHeapBytes } from '../../test/harness/live-heap.ts'
import { batches, insert, readAll } from '../../test/harness/row-journey.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const batchCount = 300
const rowsEach = 500

/** A text that no other row has, longer than what V8 copies by itself out of a string. */
const textOf = (batch: number, row: number, beyondLatin1: boolean): string =>
  `${beyondLatin1 ? '価格' : 'price'} ${batch} of row ${row} is as it was agreed upon by both sides`

it.each([
  ['generated', 0, false],
  ['interpreting', Infinity, false],
  ['generated, beyond latin1', 0, true],
])(
  'one row kept of each batch keeps that row alone: decoder %s',
  (_decoder, generateAfter, beyondLatin1) => {
    const reader = new RowReader({ generateAfter })
    const writer = new RowWriter()
    const kept: object[] = []
    const readBatch = (batch: number): void => {
      for (let row = 0; row < rowsEach; row++)
        writer.append(insert({ ID: row, TEXT: textOf(batch, row, beyondLatin1 && row % 10 === 0) }))
      const { record } = readAll(batches(writer), reader)[250] ?? { record: {} }
      kept.push(record)
    }
    for (let batch = 0; batch < batchCount; batch++) readBatch(batch)
    expect(kept).toHaveLength(batchCount)
    expect(kept[7]).toEqual({ ID: 250, TEXT: textOf(7, 250, beyondLatin1) })
    // What is let go of is what was kept: nothing else happens between the two looks.
    const before = liveHeapBytes()
    kept.length = 0
    const bytesEach = (before - liveHeapBytes()) / batchCount
    // A row takes about 200 bytes, the texts of its batch 25,000.
    expect(bytesEach).toBeGreaterThan(100)
    expect(bytesEach).toBeLessThan(2_000)
  },
)
