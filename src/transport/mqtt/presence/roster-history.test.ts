import { expect, it } from 'vitest'
import { presenceLimits } from './presence-limits.ts'
import { RosterHistory } from './roster-history.ts'

const { historyStaysMs } = presenceLimits

it('Q2: of two that are begun at the same moment the first counts, and who began the other puts it back', () => {
  const [one, two] = [new RosterHistory(), new RosterHistory()]
  one.began('first')
  two.began('second')
  // Both are told both, in the order of the broker, and then what the second put back.
  expect([one.heard('first', 0), two.heard('first', 0)]).toEqual([null, null])
  expect([one.heard('second', 1), two.heard('second', 1)]).toEqual([null, 'first'])
  two.began('first')
  expect([one.heard('first', 2), two.heard('first', 2)]).toEqual([null, null])
  one.tick(historyStaysMs * 2)
  two.tick(historyStaysMs * 2)
  expect([one.current, two.current]).toEqual(['first', 'first'])
})

it('Q2: another one that stays is another life of the roster', () => {
  const history = new RosterHistory()
  history.heard('old', 0)
  history.heard('new', 100)
  history.tick(99 + historyStaysMs)
  expect([history.current, history.isDisputed]).toEqual(['old', true])
  history.tick(100 + historyStaysMs)
  expect([history.current, history.isDisputed]).toEqual(['new', false])
})

it('Q2: who was away for long takes the next one as its own', () => {
  const history = new RosterHistory()
  history.heard('old', 0)
  history.forget()
  expect(history.current).toBe(null)
  history.heard('new', 1)
  expect(history.current).toBe('new')
})
