import { describe, expect, it } from 'vitest'
import type { Delivery, Update } from '../../src/model/update.ts'
import { Journal } from './processes/journal.ts'
import { Trades } from './processes/trades.ts'

const publisher = { node: 'n', process: 'PUBLISHER', instance: '', incarnation: 'a'.repeat(32) }

/** The updates of so many commits, as they would be delivered. */
function delivered(commits: number): Update[] {
  const trades = new Trades('PUBLISHER')
  return Array.from({ length: commits }, (_, index) =>
    trades.next(Infinity).map((update) => ({
      ...update,
      before: undefined,
      version: update.version,
      publisher,
      sequence: update.record.NUMBER,
      commit: index + 1,
      publishedAt: 0,
    })),
  ).flat()
}

function judge(...deliveries: Update[][]) {
  const journal = new Journal()
  for (const updates of deliveries) journal.take({ type: 'updates', updates })
  const [trades] = journal.streams
  const { received, duplicates, outOfOrder, wrong, missing } = trades ?? {}
  return { received, duplicates, outOfOrder, wrong, missing, torn: journal.torn }
}

const right = { duplicates: 0, outOfOrder: 0, wrong: 0, missing: 0, torn: 0 }
const seven = delivered(7)
const [first, second, third] = seven.map((update) => [update]) as [Update[], Update[], Update[]]

it('finds nothing wrong with what came once and in order', () => {
  expect(judge(delivered(20))).toEqual({ ...right, received: 20 })
})

it('finds what came twice, out of order or not at all', () => {
  expect(judge(seven, third)).toEqual({ ...right, received: 7, duplicates: 1 })
  expect(judge(first, third, second)).toMatchObject({ outOfOrder: 1, missing: 0 })
  expect(judge(first, third)).toMatchObject({ missing: 1 })
})

it('finds what is not as it was published, and commits in pieces', () => {
  const changed = { ...seven[1], record: { ...seven[1]?.record, PRICE: 9 } } as Update
  expect(judge(first, [changed])).toMatchObject({ wrong: 1 })
  const eighth = delivered(8).slice(7)
  expect(judge(seven, eighth)).toMatchObject({ torn: 0 })
  expect(judge(seven, eighth.slice(0, 1), eighth.slice(1))).toMatchObject({ torn: 2 })
})

it('does not count as missing what was reported lost', () => {
  const journal = new Journal()
  journal.take({ type: 'updates', updates: first })
  const loss = { table: 'TRADE', publisher, from: 2, to: 2, reason: 'evicted' } as const
  journal.take({ type: 'loss', losses: [loss] })
  journal.take({ type: 'updates', updates: third })
  expect(journal.streams[0]).toMatchObject({ received: 2, missing: 0, outOfOrder: 0 })
  expect(journal.losses).toEqual([loss])
})

describe('a conflated delivery', () => {
  const updates = delivered(20).filter(({ table }) => table === 'TRADE')
  const [last] = updates.slice(-1) as [Update]
  const conflated = (from: number, to: number, latest: Update = last) => ({
    type: 'conflated' as const,
    updates: [{ ...latest, count: to - from + 1, firstKind: 'insert' as const }],
    folded: to - from,
    foldedByTable: { TRADE: to - from },
    ranges: [{ table: 'TRADE', publisher, from, to }],
  })
  const first = (count: number) => ({ type: 'updates' as const, updates: updates.slice(0, count) })
  const faults = (...deliveries: Delivery[]) => {
    const journal = new Journal()
    for (const delivery of deliveries) journal.take(delivery)
    const [{ received, duplicates, wrong, missing } = {}] = journal.streams
    return { received, duplicates, wrong, missing, isThere: journal.hasReached({ TRADE: 20 }) }
  }

  it('stands for its range', () => {
    expect(faults(first(5), conflated(6, 20))).toEqual({
      received: 20,
      duplicates: 0,
      wrong: 0,
      missing: 0,
      isThere: true,
    })
  })

  it('is found out where it leaves out, repeats or goes beyond its range', () => {
    expect(faults(first(5), conflated(8, 20))).toMatchObject({ missing: 2 })
    expect(faults(first(5), conflated(5, 20))).toMatchObject({ duplicates: 1 })
    expect(faults(first(5), conflated(6, 19))).toMatchObject({ wrong: 1, isThere: false })
  })
})
