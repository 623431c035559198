import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { every, pause, systemClock } from './clock.ts'

const day = 24 * 60 * 60 * 1000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a timer', () => {
  it('runs when its time has gone by, also one that is longer than Node can set', () => {
    const run = vi.fn<() => void>()
    systemClock.after(60 * day, run)
    vi.advanceTimersByTime(60 * day - 1)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('is cancelled, whatever part of its time has gone by', () => {
    const run = vi.fn<() => void>()
    const timer = systemClock.after(60 * day, run)
    vi.advanceTimersByTime(50 * day)
    timer.cancel()
    vi.advanceTimersByTime(60 * day)
    expect(run).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that repeats runs until it is cancelled, also from within', () => {
    let runs = 0
    const timer = every(30 * day, () => {
      runs++
      if (runs === 3) timer.cancel()
    })
    vi.advanceTimersByTime(59 * day)
    expect(runs).toBe(1)
    vi.advanceTimersByTime(200 * day)
    expect(runs).toBe(3)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a pause', () => {
  it('ends when its time has gone by', async () => {
    const ended = vi.fn<() => void>()
    const paused = pause(30 * day).then(ended)
    await vi.advanceTimersByTimeAsync(29 * day)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(day)
    expect(ended).toHaveBeenCalledTimes(1)
    await paused
  })

  it('ends at once when its signal aborts, or has before', async () => {
    const stop = new AbortController()
    const paused = pause(30 * day, stop.signal)
    stop.abort()
    await paused
    await pause(30 * day, stop.signal)
    expect(vi.getTimerCount()).toBe(0)
  })
})
