import { describe, expect, it } from 'vitest'
import { allocateFrame } from './frame-memory.ts'

describe('memory of frames', () => {
  it('is never given out twice, whatever the sizes', () => {
    const sizes = Array.from({ length: 2000 }, (_, n) => 1 + ((n * 7919) % 5000))
    const frames = sizes.map((size, n) => allocateFrame(size).fill(n % 251))
    for (const [n, frame] of frames.entries()) {
      expect(frame.length).toBe(sizes[n])
      expect(frame.every((byte) => byte === n % 251)).toBe(true)
    }
  })

  it('is shared by small frames, and never by a large one', () => {
    const buffers = new Set(Array.from({ length: 300 }, () => allocateFrame(400).buffer))
    expect(buffers.size).toBeLessThan(12)
    expect(allocateFrame(5000).buffer.byteLength).toBe(5000)
  })
})
