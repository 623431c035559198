import { beforeEach, describe, expect, it } from 'vitest'
import type { TidingsError } from '../base/tidings-error.ts'
import { incarnation, Pair } from '../../test/harness/pair.ts'
import { AwaitedCommit, AwaitedCommits } from './awaited-commits.ts'

const patienceMs = 10_000
const ended = new Set<string>()
let outcomes: string[]

beforeEach(() => {
  outcomes = []
  ended.clear()
})

/** Waits for a commit that has these last sequences; its outcome is written down. */
function awaiting(pair: Pair, streams: Record<string, number>, of = incarnation, hasMore = false) {
  const awaited = new AwaitedCommits(pair.subscription, patienceMs, {
    hasEnded: (publisher) => ended.has(publisher),
    behindDelivered: (commit) => commit.consume(),
  })
  const position = {
    incarnation: of,
    streams: Object.entries(streams).map(([table, last]) => ({ table, last })),
    hasMore,
  }
  const seen = (): void => void outcomes.push('seen')
  const refused = ({ code }: TidingsError): void => void outcomes.push(code)
  awaited.add(new AwaitedCommit(position, seen, refused), pair.now)
  return () => {
    awaited.check(pair.now)
    return outcomes
  }
}

describe('a commit that somebody waits for', () => {
  it('D27: is seen when all of it in the tables of the subscription was delivered', () => {
    const pair = new Pair(['A', 'B']).ready()
    const look = awaiting(pair, { A: 1, B: 2, C: 9 })
    pair.publish(['A', 'B', 'C'], ['B'])
    expect(look()).toEqual([])
    pair.deliver((message) => message.kind === 'batch' && message.table === 'B')
    expect(look()).toEqual([])
    pair.pass(1000)
    expect(look()).toEqual(['seen'])
    const next = awaiting(pair, { A: 1, B: 3 })
    expect(next()).toEqual(['seen'])
    pair.publish(['B'])
    pair.deliver()
    expect(next()).toEqual(['seen', 'seen'])
  })

  it('D27: is seen at once where the subscription has none of its tables', () => {
    const pair = new Pair(['A']).ready()
    expect(awaiting(pair, { C: 9 })()).toEqual(['seen'])
  })

  it('D27: is seen where a base is behind it', () => {
    const pair = new Pair(['A'], { before: [['A'], ['A']] })
    const look = awaiting(pair, { A: 2 })
    expect(look()).toEqual([])
    pair.ready()
    expect(look()).toEqual(['seen'])
  })

  it('D27: is seen where it was told lost', () => {
    const nothingRetained = { retentionBytes: 1, reserveUpdates: 0, reserveBytes: 0 }
    const pair = new Pair(['A', 'B'], { publisher: nothingRetained }).ready()
    const look = awaiting(pair, { A: 1 })
    pair.publish(['A'], ['B'])
    pair.deliver((message) => message.kind === 'batch' && message.table === 'A')
    expect(look()).toEqual([])
    pair.pass(1000)
    expect(pair.losses).toHaveLength(1)
    expect(look()).toEqual(['seen'])
  })

  it('D27: is seen where an open loss stands for it', () => {
    const pair = new Pair(['A', 'B']).ready()
    const [inStream, inTable] = [awaiting(pair, { A: 2 }), awaiting(pair, { B: 1 })]
    pair.publish(['A'])
    pair.deliver()
    pair.pass(9000, () => true)
    expect([inStream(), inTable()]).toEqual([[], []])
    pair.pass(2000, () => true)
    expect(inStream()).toEqual(['seen'])
    expect(inTable()).toEqual(['seen', 'seen'])
  })

  it('D27: is seen of a publisher that has ended, and of which nothing is missing', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 1 }] })
    expect(awaiting(pair, { A: 1 })()).toEqual(['seen'])
    const unknown = 'e'.repeat(32)
    ended.add(unknown)
    expect(awaiting(pair, { A: 5 }, unknown)()).toEqual(['seen', 'seen'])
  })

  it('D27: is refused where no publisher is known that could have published it', () => {
    const pair = new Pair(['A']).ready()
    const look = awaiting(pair, { A: 1 }, 'e'.repeat(32))
    pair.pass(patienceMs)
    expect(look()).toEqual([])
    pair.pass(1000)
    expect(look()).toEqual(['USAGE'])
  })

  it('D27: is refused where its publisher is heard, and has not published so much', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    const look = awaiting(pair, { A: 2 })
    pair.pass(patienceMs)
    expect(look()).toEqual([])
    pair.pass(1000)
    expect(look()).toEqual(['USAGE'])
  })

  it('D27: is waited for as long as what is known to exist does not come', () => {
    const pair = new Pair(['A', 'B']).ready()
    const look = awaiting(pair, { A: 1 })
    pair.publish(['A', 'B'])
    pair.pass(
      30_000,
      (message) => message.kind === 'replay' || ('table' in message && message.table === 'A'),
    )
    expect(look()).toEqual([])
    pair.pass(2000)
    expect(look()).toEqual(['seen'])
  })

  it('D27: of more tables than its token names is one of those that it names', () => {
    const pair = new Pair(['A', 'B']).ready()
    awaiting(pair, { C: 9 }, incarnation, true)
    expect(outcomes).toEqual(['USAGE'])
    const look = awaiting(pair, { A: 1, C: 9 }, incarnation, true)
    pair.publish(['A', 'B', 'C'])
    pair.deliver()
    expect(look()).toEqual(['USAGE', 'seen'])
  })
})
