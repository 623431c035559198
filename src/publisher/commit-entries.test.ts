import { describe, expect, it } from 'vitest'
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
})
