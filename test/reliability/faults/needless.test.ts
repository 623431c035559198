import { expect, it } from 'vitest'
import { needlesslyLost } from './needless.ts'
import type { RecordedLoss } from './recorder.ts'

const loss = (more: Partial<RecordedLoss>): RecordedLoss => ({
  at: 20_000,
  silentMs: 5,
  table: 'TRADE',
  publisher: null,
  from: 11,
  to: 15,
  reason: 'gone',
  ...more,
})

it('what is told lost of a publisher that is heard is counted', () => {
  expect(needlesslyLost([loss({}), loss({ reason: 'evicted', from: 1, to: 2 })])).toBe(7)
})

it('what is given up after ten seconds of silence is not, nor what ends right behind it', () => {
  expect(needlesslyLost([loss({ silentMs: 10_000 }), loss({ at: 20_500 })])).toBe(0)
  expect(needlesslyLost([loss({ silentMs: 10_000 }), loss({ at: 21_500 })])).toBe(5)
})

it('an open loss has no count yet, and one whose end says that nothing was lost has none', () => {
  expect(needlesslyLost([loss({ to: null })])).toBe(0)
  expect(needlesslyLost([loss({ from: 11, to: 10, ends: true })])).toBe(0)
})
