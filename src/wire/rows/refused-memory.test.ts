import { expect, it } from 'vitest'
import { insert } from '../../../test/harness/row-journey.ts'
import { RowWriter } from './row-writer.ts'

it('an update that is refused leaves no memory in the writer of its table', () => {
  const writers = Array.from({ length: 200 }, () => new RowWriter())
  const before = process.memoryUsage().arrayBuffers
  for (const writer of writers) {
    expect(() => writer.append(insert({ ID: 1, TEXT: () => 'no value' }))).toThrow('TEXT')
    expect(writer.updates).toBe(0)
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
  for (const writer of writers) {
    writer.append(insert({ ID: 2, TEXT: 'another' }))
    expect(writer.take().map(({ count }) => count)).toEqual([1])
  }
})

it('a commit that is refused leaves no memory in the writers of its tables', () => {
  const writers = Array.from({ length: 200 }, () => new RowWriter())
  const before = process.memoryUsage().arrayBuffers
  for (const writer of writers) {
    const mark = writer.mark()
    writer.append(insert({ ID: 1, TEXT: 'a text' }))
    writer.rollback(mark)
    expect(writer.updates).toBe(0)
  }
  // Each had 300 KB for its rows: 60 MB in all.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
  for (const writer of writers) {
    writer.append(insert({ ID: 2, TEXT: 'another' }))
    expect(writer.take().map(({ count }) => count)).toEqual([1])
  }
})
