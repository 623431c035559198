import { expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { liveHeapBytes } from '../../test/harness/live-heap.ts'
import { RetainedBatches } from './retained-batches.ts'
import { batchChunkBytes, reserveChunkBytes, RetentionMemory } from './retention-memory.ts'

it('D18: what is retained stays what it was, whatever comes, goes and moves around it', () => {
  const random = seededRandom(11)
  const memory = new RetentionMemory(batchChunkBytes)
  const reserve = new RetentionMemory(reserveChunkBytes)
  const batches = new RetainedBatches()
  const expected: { first: number; count: number; retainedAt: number; bytes: Buffer }[] = []
  let first = 2 ** 40
  let [most, timesEmpty] = [0, 0]
  const shownAt = (index: number) => {
    const { message, ...rest } = batches.at(index) ?? {}
    return message && { ...rest, bytes: Buffer.from(message.bytes) }
  }
  for (let n = 0; n < 20_000; n++) {
    // It grows, shrinks to none, and grows again.
    const pushes = Math.floor(n / 2_500) % 2 === 0 ? 0.6 : 0.1
    const roll = random()
    if (roll < pushes) {
      const count = 1 + Math.floor(random() * 1000)
      const bytes = Buffer.alloc(Math.floor(random() ** 8 * 5_000), n % 251)
      batches.push(first, count, n / 3, memory.keep(bytes))
      expected.push({ first, count, retainedAt: n / 3, bytes })
      first += count
    } else if (roll < 0.9) {
      const oldest = batches.shift()
      oldest?.message.release()
      expect(oldest?.first).toBe(expected.shift()?.first)
    } else if (batches.length > 0)
      batches.moveTo(reserve, Math.floor(random() * Math.min(10, batches.length)))
    expect(batches.length).toBe(expected.length)
    most = Math.max(most, expected.length)
    if (expected.length === 0 && most > 500) timesEmpty++
    for (const index of [0, -1, Math.floor(random() * (expected.length + 1))])
      expect(shownAt(index)).toEqual(expected.at(index))
  }
  expect(timesEmpty).toBeGreaterThan(0)
  expect([...batches].map((batch) => batch.first)).toEqual(expected.map((batch) => batch.first))
})

it('D18: one message that is kept long does not keep the memory of those around it', () => {
  const memory = new RetentionMemory(batchChunkBytes)
  const reserve = new RetentionMemory(reserveChunkBytes)
  const batches = new RetainedBatches()
  batches.push(1, 1, 0, memory.keep(Buffer.alloc(100, 1)))
  const buffer = batches.at(0)?.message.bytes.buffer
  batches.moveTo(reserve, 0)
  const bytes = batches.at(0)?.message.bytes ?? new Uint8Array()
  expect(bytes.buffer).not.toBe(buffer)
  expect(Buffer.from(bytes).equals(Buffer.alloc(100, 1))).toBe(true)
  // What was its place is free again.
  expect(memory.keep(Buffer.alloc(100)).from).toBe(0)
})

it('D18: the ring of a table that was busy takes no memory once its batches are gone', () => {
  const memory = new RetentionMemory(batchChunkBytes)
  const message = memory.keep(Buffer.alloc(8))
  const batches = new RetainedBatches()
  const before = liveHeapBytes()
  for (let n = 1; n <= 200_000; n++) batches.push(n, 1, n, message)
  const atMost = liveHeapBytes() - before
  while (batches.shift());
  // 36 bytes for each place, of which there are a power of two.
  expect(atMost).toBeGreaterThan(7_000_000)
  // What a collection has found dead of buffers, the next one has let go.
  liveHeapBytes()
  expect(liveHeapBytes() - before).toBeLessThan(1_000_000)
  expect(batches.length).toBe(0)
})
