import { getHeapCodeStatistics } from 'node:v8'
import { expect, it } from 'vitest'
import { compiledBytes, liveHeapBytes } from '../../harness/live-heap.ts'

it('counts what an application keeps', () => {
  const before = liveHeapBytes() - compiledBytes()
  const kept = Array.from({ length: 100_000 }, (_, index) => ({ index }))
  const grown = liveHeapBytes() - compiledBytes() - before
  expect(grown).toBeGreaterThan(kept.length * 16)
  expect(grown).toBeLessThan(kept.length * 160)
})

it('does not count what V8 compiles: the spaces of code are called so in this version of Node', () => {
  expect(compiledBytes()).toBeGreaterThan(getHeapCodeStatistics().bytecode_and_metadata_size)
  expect(compiledBytes()).toBeLessThan(liveHeapBytes())
})
