import { describe, expect, it } from 'vitest'
import type { CommitEntry } from '../model/message.ts'
import { CommitEntries } from './commit-entries.ts'

describe('the commits of a batch', () => {
  it('D2: are one run while each commit has as many updates as the one before', () => {
    const entries = new CommitEntries()
    for (let commit = 5; commit < 9; commit++) entries.addWhole(commit, 1)
    entries.addWhole(9, 3)
    entries.addWhole(12, 3)
    expect(entries.take('A', [10])).toEqual([
      [
        { type: 'run', commit: 5, commits: 4, updatesEach: 1 },
        { type: 'run', commit: 9, commits: 1, updatesEach: 3 },
        { type: 'run', commit: 12, commits: 1, updatesEach: 3 },
      ],
    ])
    expect(entries.take('A', [0])).toEqual([[]])
  })

  it('D2: are cut at the end of a batch; a commit cut in two becomes parts that name the whole', () => {
    const entries = new CommitEntries()
    entries.addWhole(1, 2)
    entries.addWhole(2, 2)
    entries.addWhole(3, 2)
    const [first, second] = entries.take('A', [3, 3])
    const tables = [{ table: 'A', updates: 2 }]
    expect(first).toEqual([
      { type: 'run', commit: 1, commits: 1, updatesEach: 2 },
      { type: 'part', commit: 2, places: [0], tables },
    ])
    expect(second).toEqual([
      { type: 'part', commit: 2, places: [1], tables },
      { type: 'run', commit: 3, commits: 1, updatesEach: 2 },
    ])
  })

  it('D2: keep the places of a part when it is cut', () => {
    const entries = new CommitEntries()
    const tables = [
      { table: 'A', updates: 3 },
      { table: 'B', updates: 1 },
    ]
    entries.addPart(7, [0, 2, 3], tables)
    expect(entries.take('A', [1, 2])).toEqual([
      [{ type: 'part', commit: 7, places: [0], tables }],
      [{ type: 'part', commit: 7, places: [2, 3], tables }],
    ])
  })

  it('D2: say the same of each update wherever batches end', () => {
    const filled = () => {
      const entries = new CommitEntries()
      for (let commit = 1; commit <= 4; commit++) entries.addWhole(commit, 3)
      entries.addPart(
        5,
        [1, 4],
        [
          { table: 'A', updates: 2 },
          { table: 'B', updates: 3 },
        ],
      )
      entries.addWhole(6, 1)
      return entries
    }
    const whole = placesOf(filled().take('A', [15]))
    expect(whole).toHaveLength(15)
    for (let one = 1; one < 15; one++)
      for (let two = one + 1; two < 15; two++) {
        const cut = filled().take('A', [one, two - one, 15 - two])
        expect(placesOf(cut), `cut before ${one} and ${two}`).toEqual(whole)
        expect(cut.map((entries) => placesOf([entries]).length)).toEqual([one, two - one, 15 - two])
      }
  })
})

/** Commit and place of each update. */
const placesOf = (batches: readonly (readonly CommitEntry[])[]): (readonly [number, number])[] =>
  batches.flat().flatMap((entry) => {
    if (entry.type === 'part') return entry.places.map((place) => [entry.commit, place] as const)
    return Array.from(
      { length: entry.commits * entry.updatesEach },
      (_, n) => [entry.commit + Math.floor(n / entry.updatesEach), n % entry.updatesEach] as const,
    )
  })
