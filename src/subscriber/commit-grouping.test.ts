import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { BatchMessage, CommitEntry } from '../model/message.ts'
import type { Update } from '../model/update.ts'
import { CommitEntries } from '../publisher/commit-entries.ts'
import { CommitGrouping } from './commit-grouping.ts'

const update = (table: string, sequence: number, commit: number) =>
  ({ table, sequence, commit }) as unknown as Update

/** Of a batch what grouping looks at, and its updates. */
function batchOf(table: string, first: number, commits: readonly CommitEntry[]) {
  const updates: Update[] = []
  for (const entry of commits) {
    const count = entry.type === 'run' ? entry.commits * entry.updatesEach : entry.places.length
    for (let n = 0; n < count; n++) {
      const commit =
        entry.type === 'run' ? entry.commit + Math.floor(n / entry.updatesEach) : entry.commit
      updates.push(update(table, first + updates.length, commit))
    }
  }
  return { batch: { table, first, commits } as unknown as BatchMessage, updates }
}

const grouping = () => new CommitGrouping((table) => table !== 'UNWANTED')
const names = (updates: readonly Update[]) =>
  updates.map(({ table, sequence }) => `${table}${sequence}`).join(' ')
const groupsOf = (groups: CommitGrouping) =>
  groups.groups().map(({ updates, incomplete }) => `${names(updates)}${incomplete ? ' …' : ''}`)

describe('the updates of one parcel, put together again', () => {
  it('D10: a run that begins in the middle of a commit has one incomplete commit', () => {
    const { batch, updates } = batchOf('A', 11, [
      { type: 'run', commit: 1, commits: 4, updatesEach: 3 },
    ])
    const groups = grouping()
    groups.add(batch, 4, updates.slice(4))
    expect(groupsOf(groups)).toEqual(['A15 A16 …', 'A17 A18 A19 A20 A21 A22'])
  })

  it('D13: the tables of a commit stand in the order of the call', () => {
    const tables = [
      { table: 'A', updates: 2 },
      { table: 'B', updates: 2 },
      { table: 'UNWANTED', updates: 1 },
    ]
    const ofA = batchOf('A', 1, [{ type: 'part', commit: 1, places: [0, 4], tables }])
    const ofB = batchOf('B', 1, [{ type: 'part', commit: 1, places: [1, 3], tables }])
    const groups = grouping()
    groups.add(ofB.batch, 0, ofB.updates)
    groups.add(ofA.batch, 0, ofA.updates)
    expect(groupsOf(groups)).toEqual(['A1 B1 B2 A2'])
  })

  it('two tables that claim one place lose neither of their updates', () => {
    const tables = [
      { table: 'A', updates: 1 },
      { table: 'B', updates: 1 },
    ]
    const groups = grouping()
    for (const table of ['A', 'B']) {
      const { batch, updates } = batchOf(table, 1, [
        { type: 'part', commit: 1, places: [0], tables },
      ])
      groups.add(batch, 0, updates)
    }
    expect(groupsOf(groups)).toEqual(['A1 B1'])
  })

  it('D10: random commits over random tables, cut at random, come as they were published', () => {
    const random = seededRandom(20_261)
    for (let round = 0; round < 300; round++) {
      const published: string[][] = []
      const next = new Map<string, number>()
      const entries = new Map<string, CommitEntries>()
      const total = 1 + Math.floor(random() * 8)
      for (let commit = 1; commit <= total; commit++) {
        const of = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
          random() < 0.5 ? 'A' : 'B',
        )
        published.push([])
        const places = new Map<string, number[]>()
        for (const [place, table] of of.entries()) {
          places.set(table, [...(places.get(table) ?? []), place])
          next.set(table, (next.get(table) ?? 0) + 1)
          published.at(-1)?.push(`${table}${next.get(table)}`)
        }
        const tables = [...places].map(([table, { length }]) => ({ table, updates: length }))
        for (const [table, placesOf] of places) {
          let into = entries.get(table)
          if (!into) entries.set(table, (into = new CommitEntries()))
          if (places.size === 1) into.addWhole(commit, placesOf.length)
          else into.addPart(commit, placesOf, tables)
        }
      }
      const groups = grouping()
      for (const [table, into] of entries) {
        const count = next.get(table) ?? 0
        const cut = Math.floor(random() * count)
        const counts = cut === 0 ? [count] : [cut, count - cut]
        let first = 1
        for (const [n, commits] of into.take(table, counts).entries()) {
          const { batch, updates } = batchOf(table, first, commits)
          groups.add(batch, 0, updates)
          first += counts[n] ?? 0
        }
      }
      expect(groupsOf(groups)).toEqual([published.flat().join(' ')])
    }
  })
})
