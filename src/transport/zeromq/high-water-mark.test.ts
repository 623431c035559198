import { describe, expect, it } from 'vitest'
import { HighWaterMark } from './high-water-mark.ts'
import { socketLimits } from './socket-options.ts'

const afterSending = (mark: HighWaterMark, bytes: number, times: number) => {
  let moves = 0
  for (let i = 0; i < times; i++) if (mark.sent(bytes)) moves += 1
  return moves
}

describe('HighWaterMark', () => {
  it('begins with 16 MiB of usual batches', () => {
    expect(new HighWaterMark().messages).toBe(256)
  })

  it('lets thousands of small messages through and some of the largest', () => {
    const mark = new HighWaterMark()
    afterSending(mark, 100, 100)
    expect(mark.messages).toBe(4_096)
    afterSending(mark, socketLimits.maxFrameBytes, 100)
    expect(mark.messages).toBe(16)
  })

  it('follows a burst of large messages before many of them are held', () => {
    const mark = new HighWaterMark()
    afterSending(mark, 100, 1_000)
    afterSending(mark, 256 * 1024, 32)
    expect(mark.messages * 256 * 1024).toBeLessThanOrEqual(2 * socketLimits.highWaterBytes)
  })

  it('moves seldom: a steady size moves it once at most', () => {
    const mark = new HighWaterMark()
    expect(afterSending(mark, 64 * 1024, 10_000)).toBe(0)
    afterSending(mark, 8 * 1024, 200)
    expect(afterSending(mark, 8 * 1024, 10_000)).toBe(0)
  })
})
