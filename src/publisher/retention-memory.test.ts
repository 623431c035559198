import { expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import {
  batchChunkBytes,
  counted,
  type KeptMessage,
  reserveChunkBytes,
  RetentionMemory,
  uncounted,
} from './retention-memory.ts'

it('D18: what is kept stays what it was, whatever comes and goes around it', () => {
  const random = seededRandom(7)
  const memory = new RetentionMemory(batchChunkBytes)
  const kept: { message: KeptMessage; fill: number; bytes: number }[] = []
  for (let n = 0; n < 20_000; n++) {
    const roll = random()
    const bytes = Math.floor(random() ** 6 * (n % 1000 === 0 ? 3_000_000 : 100_000))
    const fill = n % 251
    if (roll < 0.5 || kept.length === 0) {
      const message = Buffer.alloc(bytes, fill)
      kept.push({ message: memory.keep(message), fill, bytes })
      // The copy is its own: what was sent may be anything by now.
      message.fill(255)
    } else kept.splice(roll < 0.9 ? 0 : -1, 1)[0]?.message.release()
    const some = kept[Math.floor(random() * kept.length)]
    if (!some) continue
    expect(some.message.byteLength).toBe(some.bytes)
    expect(Buffer.from(some.message.bytes).equals(Buffer.alloc(some.bytes, some.fill))).toBe(true)
  }
})

it('D18: the memory of what is let go is used again', () => {
  const memory = new RetentionMemory(batchChunkBytes)
  const message = Buffer.alloc(50_000)
  const buffers = new Set<ArrayBufferLike>()
  const kept: KeptMessage[] = []
  for (let n = 0; n < 2_000; n++) {
    kept.push(memory.keep(message))
    buffers.add(kept.at(-1)?.bytes.buffer as ArrayBufferLike)
    if (kept.length > 100) kept.shift()?.release()
  }
  // 5 MB kept of 100 MB that came by: five chunks of a MiB, the one that is filled, and those that grew up to it.
  expect(buffers.size).toBeLessThan(16)
})

it.each([88_000, 140_000, 218_000, 262_500, 270_000, 525_000, 3_000_000])(
  'D18: messages of %d bytes take at most a quarter more',
  (bytes) => {
    const memory = new RetentionMemory(batchChunkBytes)
    const buffers = new Set<ArrayBufferLike>()
    const count = Math.ceil(2 ** 26 / bytes)
    const message = Buffer.alloc(bytes)
    for (let n = 0; n < count; n++) buffers.add(memory.keep(message).bytes.buffer)
    const taken = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)
    expect(taken).toBeLessThan(1.25 * count * bytes + 2 * batchChunkBytes)
  },
)

it('D18: memory that V8 does not count is used again, however much was let go at once', () => {
  const memory = new RetentionMemory(batchChunkBytes, uncounted)
  const buffers = new Set<ArrayBufferLike>()
  for (let round = 0; round < 5; round++) {
    const kept = Array.from({ length: 3_000 }, () => memory.keep(Buffer.alloc(10_000)))
    for (const { bytes } of kept) buffers.add(bytes.buffer)
    for (const message of kept) message.release()
  }
  // 30 MB in a round: 28 chunks, and those that grew up to them.
  expect(buffers.size).toBeLessThan(40)
})

it('D18: what has memory of its own, which nothing else uses again, has memory that V8 counts', () => {
  const memory = new RetentionMemory(reserveChunkBytes, uncounted)
  expect(memory.keep(Buffer.alloc(100)).bytes.buffer).toBeInstanceOf(SharedArrayBuffer)
  expect(memory.keep(Buffer.alloc(5_000)).bytes.buffer).toBeInstanceOf(
    counted(1).buffer.constructor,
  )
})
