import { expect, it } from 'vitest'
import { check } from './checker.ts'
import {
  type DeliveredUpdate,
  publisherJournal,
  type ReportedLoss,
  subscriberJournal,
} from './journal.ts'

const publisherId = { node: '', process: '', instance: '', incarnation: 'p' }
const said = { text: 'why', keys: [1, 9] }

/** Commit 1: A1. Commit 2: B1, and A2 is a reset. Commit 3: A3. */
function publisher() {
  const journal = publisherJournal('p', 0)
  const at = 10
  const [a1, b1, a2, a3] = [
    { table: 'A', sequence: 1, commit: 1, place: 0, at },
    { table: 'B', sequence: 1, commit: 2, place: 0, at },
    { table: 'A', sequence: 2, commit: 2, place: 1, at, reset: said },
    { table: 'A', sequence: 3, commit: 3, place: 0, at },
  ]
  journal.updates.set('A', [a1, a2, a3]).set('B', [b1])
  journal.commits.push([a1], [b1, a2], [a3])
  return journal
}

const got = (
  table: string,
  sequence: number,
  commit: number,
  delivery: number,
): DeliveredUpdate => ({
  incarnation: 'p',
  table,
  sequence,
  commit,
  delivery,
  at: 20,
  isIncomplete: false,
  place: 0,
})

const [a1, b1, a3] = [got('A', 1, 1, 1), got('B', 1, 2, 2), got('A', 3, 3, 3)]

const told = (more: Partial<ReportedLoss> = {}): ReportedLoss => ({
  table: 'A',
  from: 2,
  to: 2,
  reason: 'reset',
  text: 'why',
  keys: [{ place: 1 }, { place: 9 }],
  at: 20,
  falseBecause: null,
  afterDelivery: 2,
  publisher: publisherId,
  ...more,
})

function rulesBroken(losses: ReportedLoss[], delivered: DeliveredUpdate[] = [a1, b1, a3]) {
  const journal = subscriberJournal('s', 0, ['A', 'B'])
  journal.subscribedAt = 0
  journal.readyAt = 5
  journal.delivered.push(...delivered)
  journal.losses.push(...losses)
  journal.deliveries = 3
  const { violations } = check(new Map([['p', publisher()]]), [journal])
  return [...new Set(violations.map(({ rule }) => rule))]
}

it('a reset that is told behind its commit and before what follows breaks nothing', () => {
  expect(rulesBroken([told()])).toEqual([])
})

it('a reset that lies in a loss is told', () => {
  const { keys: _keys, text: _text, ...lost } = told({ reason: 'evicted' })
  expect(rulesBroken([lost])).toEqual([])
})

it.each([
  ['is not told', [], 'silent-loss'],
  ['says something else', [told({ text: 'else' })], 'false-reset'],
  ['has other keys', [told({ keys: [{ place: 1 }] })], 'false-reset'],
  ['was never published', [told(), told({ from: 3, to: 3 })], 'false-reset'],
  ['stands for more than itself', [told({ from: 1, to: 2 })], 'false-reset'],
  ['is told twice', [told(), told()], 'twice'],
  ['was told lost, too', [told(), told({ reason: 'evicted' })], 'delivered-and-lost'],
  ['comes before its commit', [told({ afterDelivery: 1 })], 'reset-early'],
  ['comes behind what follows', [told({ afterDelivery: 3 })], 'out-of-band'],
])('a reset that %s is found', (_, losses, rule) => {
  expect(rulesBroken(losses)).toContain(rule)
})

it('a reset that is delivered as an update is found', () => {
  expect(rulesBroken([told()], [a1, b1, { ...got('A', 2, 2, 2), place: 1 }, a3])).toContain(
    'never-published',
  )
})
