import { expect, test } from 'vitest'
import type { Clock } from '../base/clock.ts'
import { Heartbeat } from './heartbeat.ts'

/** Time that moves when it is told to; timers may come late, as on a busy machine. */
function manualClock() {
  let now = 0
  const due = new Set<{ at: number; run: () => void }>()
  const clock: Clock = {
    now: () => now,
    wallClock: () => now,
    endOfTurn: (run) => run(),
    after(ms, run) {
      const timer = { at: now + ms, run }
      due.add(timer)
      return { cancel: () => due.delete(timer) }
    },
  }
  const moveTo = (time: number) => {
    now = time
    for (const timer of [...due].filter(({ at }) => at <= now)) {
      due.delete(timer)
      timer.run()
    }
  }
  return { clock, moveTo, waiting: () => due.size }
}

test('says by how much this process stood still', () => {
  const { clock, moveTo, waiting } = manualClock()
  const late: number[] = []
  const heartbeat = new Heartbeat(clock, 100, (ms) => late.push(ms))
  moveTo(100)
  moveTo(290)
  moveTo(1_290)
  moveTo(1_390)
  expect(late).toEqual([0, 0, 900, 0])
  heartbeat.stop()
  expect(waiting()).toBe(0)
})
