import { expect, it } from 'vitest'
import { Counters } from './counters.ts'

const publisher = { node: 'a', process: 'P', instance: '', incarnation: '0'.repeat(32) }

it('counts how often a stream was behind, and was repaired', () => {
  const counters = new Counters()
  counters.count({ type: 'behind', publisher, table: 'TRADE', from: 2, to: 3 })
  counters.count({ type: 'behind', publisher, table: 'POSITION', from: 1, to: 1 })
  expect(counters.snapshot).toMatchObject({ behind: 2, repaired: 0 })
  counters.count({ type: 'repaired', publisher, table: 'TRADE', from: 2, to: 3 })
  expect(counters.snapshot).toMatchObject({ behind: 2, repaired: 1 })
})

it('counts losses by table and reason, and the end of an open one as updates alone', () => {
  const counters = new Counters()
  const gone = { table: 'TRADE', publisher, reason: 'gone' } as const
  const evicted = { table: 'TRADE', publisher, reason: 'evicted', from: 1, to: 4 } as const
  counters.count({ type: 'loss', losses: [{ ...gone, from: 5, to: null }, evicted] })
  counters.count({ type: 'loss', losses: [{ ...gone, from: 5, to: 7, ends: true }] })
  expect(counters.snapshot).toMatchObject({
    losses: 3,
    lost: [
      { table: 'TRADE', reason: 'gone', losses: 1, updates: 3 },
      { table: 'TRADE', reason: 'evicted', losses: 1, updates: 4 },
    ],
  })
})
