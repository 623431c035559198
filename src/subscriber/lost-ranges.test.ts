import { expect, it } from 'vitest'
import { LostRanges } from './lost-ranges.ts'

it('D8: what is lost keeps the reason that was given first', () => {
  const lost = new LostRanges()
  lost.add(5, 10, 'evicted')
  lost.add(1, 20, 'gone')
  expect(lost.runAt(1)).toEqual({ to: 4, reason: 'gone' })
  expect(lost.runAt(5)).toEqual({ to: 10, reason: 'evicted' })
  expect(lost.runAt(7)).toEqual({ to: 10, reason: 'evicted' })
  expect(lost.runAt(11)).toEqual({ to: 20, reason: 'gone' })
  expect(lost.endOfRunAt(1)).toBe(20)
  lost.remove(8, 12)
  expect(lost.runAt(8)).toBeNull()
  expect(lost.runAt(5)).toEqual({ to: 7, reason: 'evicted' })
  expect(lost.firstFrom(8)).toBe(13)
  lost.remove(1, 20)
  expect(lost.isEmpty).toBe(true)
})
