import { expect, it } from 'vitest'
import { newRegistration } from '../../../model/new-registration.ts'
import { PresenceBook } from './presence-book.ts'
import { presenceLimits } from './presence-limits.ts'
import { entryOf } from './presence-record.ts'
import { digestOf } from './roster-digest.ts'
import { RosterSettlement } from './roster-settlement.ts'

const own = '0'.repeat(32)
const [one = '', two = ''] = ['1', '2'].map((digit) => digit.repeat(32))
const { quietMs, quietAloneMs, settleWithinMs } = presenceLimits

function started(): { book: PresenceBook; settlement: RosterSettlement } {
  const book = new PresenceBook()
  const settlement = new RosterSettlement(book, own)
  settlement.asked(0)
  return { book, settlement }
}

function hear({ book }: { book: PresenceBook }, incarnation: string, isLive: boolean, now: number) {
  const known = { node: 'n', process: incarnation, incarnation } as const
  const entry = entryOf(newRegistration({ ...known, role: 'process', mode: 'mesh' }))
  book.take({ entry, life: null, known: null, isGone: false }, isLive, now)
}

it('Q2: the roster of who is alone is settled when nobody has answered for a while', () => {
  const { settlement } = started()
  expect(settlement.isSettled(quietAloneMs - 1)).toBe(false)
  expect(settlement.isSettled(quietAloneMs)).toBe(true)
})

it('Q2: it waits for each who is known, and for quiet behind the last word', () => {
  const all = started()
  hear(all, one, true, 10)
  hear(all, two, false, 10)
  expect(all.settlement.isSettled(1_000)).toBe(false)
  expect(all.settlement.unanswered()).toEqual([two])
  hear(all, two, true, 1_000)
  all.settlement.heard(null, 1_000)
  expect(all.settlement.isSettled(1_000 + quietMs - 1)).toBe(false)
  expect(all.settlement.isSettled(1_000 + quietMs)).toBe(true)
})

it('Q2: who is silent is waited for so long, and told', () => {
  const all = started()
  hear(all, one, false, 0)
  expect(all.settlement.isSettled(settleWithinMs - 1)).toBe(false)
  expect(all.settlement.isSettled(settleWithinMs)).toBe(true)
  expect(all.settlement.unanswered()).toEqual([one])
})

it.each([
  ['knows us', [own, one, two]],
  ['does not know us yet', [one, two]],
])('Q2: who knows the same processes vouches for them at once: it %s', (_, known) => {
  const all = started()
  hear(all, one, true, 1)
  all.settlement.heard(digestOf(known), 1)
  expect(all.settlement.isSettled(1)).toBe(false)
  hear(all, two, false, 2)
  expect(all.settlement.isSettled(2)).toBe(true)
})

it('Q2: a name is settled when those who have it have said so themselves, whoever vouches for them, or are silent for so long', () => {
  const all = started()
  const named = () => [...all.book.living()].filter(({ incarnation }) => incarnation === two)
  hear(all, one, true, 1)
  hear(all, two, false, 1)
  all.settlement.heard(digestOf([one, two]), 1)
  expect(all.settlement.isSettled(1)).toBe(true)
  expect(all.settlement.isSettledWith([], 1)).toBe(true)
  expect(all.settlement.isSettledWith(named(), settleWithinMs - 1)).toBe(false)
  expect(all.settlement.isSettledWith(named(), settleWithinMs)).toBe(true)
  hear(all, two, true, 2)
  expect(all.settlement.isSettledWith(named(), 2)).toBe(true)
})

it('Q2: what was said on an earlier connection does not count on the next', () => {
  const all = started()
  hear(all, one, true, 1)
  all.settlement.heard(digestOf([one]), 1)
  expect(all.settlement.known(1)).toEqual(digestOf([own, one]))
  all.settlement.lost()
  expect(all.settlement.isSettled(settleWithinMs)).toBe(false)
  all.book.reconnected()
  all.settlement.asked(10_000)
  expect(all.settlement.isSettled(10_001)).toBe(false)
})
