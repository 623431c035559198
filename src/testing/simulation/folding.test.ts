import { describe, expect, it } from 'vitest'
import type { ConflatedUpdate, Delivery } from '../../model/update.ts'
import { check } from './checker.ts'
import { noteFolded } from './folding.ts'
import { publisherJournal, subscriberJournal } from './journal.ts'

type Conflated = Extract<Delivery, { type: 'conflated' }>

const identity = { node: '', process: '', instance: '', incarnation: 'p' }

/** Of each commit its tables, with the versions of their updates. The place of an update in its commit is its key. */
const published: readonly (readonly (readonly [table: string, version?: bigint])[])[] = [
  [['A', 5n]],
  [
    ['A', 9n],
    ['B', 2n],
  ],
  [['A', 7n]],
  [['A', 8n]],
]

function publisher(commits: typeof published) {
  const journal = publisherJournal('p', 0)
  for (const [index, updates] of commits.entries())
    journal.commits.push(
      updates.map(([table, version], place) => {
        const stream = journal.updates.get(table) ?? []
        journal.updates.set(table, stream)
        const sequence = stream.length + 1
        const update = { table, sequence, commit: index + 1, place, at: 10, version }
        stream.push(update)
        return update
      }),
    )
  return journal
}

const latest = (
  table: string,
  sequence: number,
  commit: number,
  place: number,
  version: bigint | undefined,
): ConflatedUpdate => ({
  table,
  sequence,
  commit,
  version,
  record: { place },
  kind: 'insert',
  firstKind: 'insert',
  before: undefined,
  publisher: identity,
  publishedAt: 0,
  count: 1,
})

const [a2, b1] = [latest('A', 2, 2, 0, 9n), latest('B', 1, 2, 1, 2n)]
const rangeOf = (table: string, from: number, to: number) => ({
  table,
  publisher: identity,
  from,
  to,
})
const right: Conflated = {
  type: 'conflated',
  updates: [b1, a2],
  folded: 3,
  foldedByTable: { A: 3 },
  ranges: [rangeOf('A', 1, 4), rangeOf('B', 1, 1)],
}

function rules(changed: Partial<Conflated> = {}, commits = published): string[] {
  const owner = publisher(commits)
  const publishers = new Map([['p', owner]])
  const journal = subscriberJournal('s', 0, ['A', 'B'], true)
  journal.readyAt = 0
  noteFolded(journal, { ...right, ...changed }, publishers, 20)
  return check(publishers, [journal]).violations.map(({ rule }) => rule)
}

describe('the judge of a conflated delivery', () => {
  it('passes the highest version of each key, and takes for delivered what it stands for', () => {
    expect(rules()).toEqual([])
  })

  it('finds an older version than one that was folded', () => {
    const last = latest('A', 4, 4, 0, 8n)
    expect(rules({ updates: [last, b1] })).toEqual(['not-latest'])
  })

  it('finds an older one that is told as the highest version', () => {
    expect(rules({ updates: [latest('A', 4, 4, 0, 9n), b1] })).toEqual(['not-latest'])
  })

  it('passes one without a version that is told with the highest, and finds it told without', () => {
    const commits = [...published.slice(0, 3), [['A'] as const]]
    expect(rules({ updates: [b1, latest('A', 4, 4, 0, 9n)] }, commits)).toEqual([])
    expect(rules({ updates: [b1, latest('A', 4, 4, 0, undefined)] }, commits)).toEqual([
      'not-latest',
    ])
  })

  it('finds a key that is missing, one that is there twice, and a wrong count', () => {
    expect(rules({ updates: [a2], folded: 4 })).toEqual(['not-latest'])
    expect(rules({ updates: [a2, b1, a2], folded: 2 })).toEqual(['not-latest'])
    expect(rules({ folded: 2 })).toEqual(['not-latest'])
  })

  it('finds other content than was published', () => {
    expect(rules({ updates: [{ ...a2, commit: 3 }, b1] })).toEqual(['never-published'])
    expect(rules({ updates: [{ ...a2, sequence: 9 }, b1] })).toContain('never-published')
    expect(rules({ ranges: [rangeOf('A', 1, 5), rangeOf('B', 1, 1)], folded: 4 })).toContain(
      'never-published',
    )
  })

  it('finds what it does not stand for: nothing is left out in silence, and no commit is torn', () => {
    expect(rules({ ranges: [rangeOf('A', 1, 3), rangeOf('B', 1, 1)], folded: 2 })).toEqual([
      'silent-loss',
    ])
    expect(rules({ updates: [a2], ranges: [rangeOf('A', 1, 4)] })).toEqual([
      'not-whole',
      'silent-loss',
    ])
  })

  it('finds a delivery that calls whole commits incomplete, and one whose rest is not told', () => {
    expect(new Set(rules({ incomplete: true }))).toEqual(new Set(['false-incomplete']))
    expect(rules({ updates: [a2], ranges: [rangeOf('A', 1, 4)], incomplete: true })).toEqual([
      'cut',
      'silent-loss',
    ])
  })

  it('passes a commit that lacks a reset, which is told lost behind it', () => {
    const owner = publisher(published)
    const reset = { text: '', keys: null }
    const gone = { table: 'B', sequence: 2, commit: 2, place: 2, at: 10, reset }
    owner.commits[1]?.push(gone)
    owner.updates.get('B')?.push(gone)
    const publishers = new Map([['p', owner]])
    const journal = subscriberJournal('s', 0, ['A', 'B'], true)
    journal.readyAt = 0
    noteFolded(journal, { ...right, incomplete: true }, publishers, 20)
    const told = () => check(publishers, [journal]).violations.map(({ rule }) => rule)
    expect(told()).toContain('false-incomplete')
    const lost = { table: 'B', publisher: identity, from: 2, to: 2, reason: 'evicted' } as const
    journal.losses.push({ ...lost, at: 30, afterDelivery: 1, falseBecause: null })
    expect(told()).toEqual([])
  })
})
