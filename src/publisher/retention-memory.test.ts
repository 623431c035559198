import { expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { type KeptMessage, RetentionMemory } from './retention-memory.ts'

it('D18: what is kept stays what it was, whatever comes and goes around it', () => {
  const random = seededRandom(7)
  const memory = new RetentionMemory()
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
    } else if (roll < 0.95) kept.splice(roll < 0.9 ? 0 : -1, 1)[0]?.message.release()
    else kept[Math.floor(random() * kept.length)]?.message.moveOut()
    const some = kept[Math.floor(random() * kept.length)]
    if (!some) continue
    expect(some.message.byteLength).toBe(some.bytes)
    expect(Buffer.from(some.message.bytes).equals(Buffer.alloc(some.bytes, some.fill))).toBe(true)
  }
})

it('D18: the memory of what is let go is used again', () => {
  const memory = new RetentionMemory()
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

it('D18: one message that is kept long does not keep the memory of those around it', () => {
  const memory = new RetentionMemory()
  const reserve = memory.keep(Buffer.alloc(100, 1))
  const { buffer } = reserve.bytes
  reserve.moveOut()
  expect(reserve.bytes.buffer).not.toBe(buffer)
  expect(reserve.bytes.buffer.byteLength).toBe(100)
  expect(Buffer.from(reserve.bytes).equals(Buffer.alloc(100, 1))).toBe(true)
})
