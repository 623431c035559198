import { describe, expect, it } from 'vitest'
import { Pair } from '../../test/harness/pair.ts'

/** Four commits over three tables, each a parcel of three batches: twelve parts that may get lost. */
const tables = ['A', 'B', 'C']
const commits = 4
const parts = tables.length * commits

/** The pair with each part whose bit is set lost on its way. */
function publishedWithout(lost: number): Pair {
  const pair = new Pair(tables).ready()
  pair.roster({ publishes: tables })
  for (let commit = 0; commit < commits; commit++) pair.publish(tables)
  pair.deliver((message, index) => message.kind === 'batch' && ((lost >> index) & 1) === 1)
  return pair
}

/** Commits of which nothing is torn silently: whole, or said to be incomplete. */
function tornWithoutAWord(pair: Pair): number {
  return pair.got.filter(({ updates, incomplete }) => {
    const byCommit = new Map<number | null, number>()
    for (const { commit } of updates) byCommit.set(commit, (byCommit.get(commit) ?? 0) + 1)
    return !incomplete && [...byCommit.values()].some((count) => count !== tables.length)
  }).length
}

describe('four commits over three tables, each part of them lost or not, in all 4,096 ways', () => {
  it('D3: come whole and in order where the publisher lives', () => {
    for (let lost = 0; lost < 2 ** parts; lost++) {
      const pair = publishedWithout(lost)
      const until = pair.now + 2500
      while (pair.received.length < parts && pair.now < until) pair.pass(50)
      const name = lost.toString(2)
      expect(pair.losses, name).toEqual([])
      expect(tornWithoutAWord(pair), name).toBe(0)
      expect(pair.received.toSorted(), name).toEqual(
        tables.flatMap((table) => [1, 2, 3, 4].map((sequence) => `${table}${sequence}`)),
      )
      for (const table of tables)
        expect(
          pair.received.filter((each) => each.startsWith(table)),
          name,
        ).toEqual([1, 2, 3, 4].map((sequence) => `${table}${sequence}`))
    }
  })

  it('D10: come whole, or incomplete behind the loss of the rest, where it has ended', () => {
    for (let lost = 0; lost < 2 ** parts; lost++) {
      const pair = publishedWithout(lost)
      const last = tables.map((table) => ({ table, last: commits }))
      pair.roster({ publishes: tables, state: 'ended', last })
      const name = lost.toString(2)
      expect(tornWithoutAWord(pair), name).toBe(0)
      const missing = parts - pair.received.length
      const reported = pair.losses.reduce(
        (sum, { from, to }) => sum + (to ?? 0) - (from ?? 0) + 1,
        0,
      )
      expect(reported, name).toBe(missing)
      expect(new Set(pair.received).size, name).toBe(pair.received.length)
      expect(missing, name).toBe(lost.toString(2).replaceAll('0', '').length)
    }
  })
})
