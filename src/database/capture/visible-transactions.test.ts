import { expect, it } from 'vitest'
import { VisibleTransactions } from './visible-transactions.ts'

it.each([
  [9, true],
  [10, true],
  [11, false],
  [12, false],
  [13, true],
  [14, false],
  [4_000_000_000, true],
])(
  'C2: of the snapshot 10:14:11,12 the transaction %i is visible: %s',
  (transaction, isVisible) => {
    expect(new VisibleTransactions('10:14:11,12').has(transaction)).toBe(isVisible)
  },
)

it('C2: numbers of 32 bits are those that are nearest, where they have begun anew', () => {
  const wrapped = 3n * 2n ** 32n
  const visible = new VisibleTransactions(
    `${wrapped - 5n}:${wrapped + 5n}:${wrapped - 2n},${wrapped + 1n}`,
  )
  const seen = [-6, -5, -2, -1, 0, 1, 2, 4, 5].map((offset) =>
    visible.has((offset + 2 ** 32) % 2 ** 32),
  )
  expect(seen).toEqual([true, true, false, true, true, false, true, true, false])
})

it('before anything is known nothing is visible', () => {
  expect(new VisibleTransactions('0:0:').has(5)).toBe(false)
})
