import { describe, expect, it } from 'vitest'
import { identity, isBatch, Pair } from '../../test/harness/pair.ts'

/** A subscription that was ready before it heard of any publisher. */
function readyAlone(before?: readonly (readonly string[])[], beforeMs = 5000): Pair {
  const pair = new Pair(['A'], before ? { before, beforeMs } : {})
  pair.roster(null)
  expect(pair.isReady).toBe(true)
  return pair
}

describe('a base', () => {
  it('D5: comes from the vector to one of our own syncs alone', () => {
    const pair = new Pair(['A'])
    pair.roster()
    const streams = [{ table: 'A', last: 5, first: 1, ageMs: 1 }]
    pair.subscription.onMessage(
      { kind: 'vector', publisher: identity, nonce: 999, all: false, streams },
      pair.now,
    )
    pair.ready()
    pair.publish(['A'])
    pair.deliver()
    expect(pair.order).toEqual(['A1'])
  })

  it('D5: is not inferred from the first update seen', () => {
    const pair = readyAlone()
    pair.publish(['A'])
    pair.publish(['A'])
    pair.deliver((_, index) => index === 0)
    expect(pair.order).toEqual([])
    pair.pass(1000)
    expect(pair.order).toEqual(['A1', 'A2'])
  })

  it('D5: is set for all tables by one vector', () => {
    const pair = new Pair(['A', 'B'], { before: [['A'], ['B', 'A']] })
    pair.roster()
    let vectors = 0
    pair.pass(1000, ({ kind }) => kind === 'vector' && vectors++ > 0)
    pair.publish(['A', 'B'])
    pair.deliver()
    expect(pair.received).toEqual(['A3', 'B2'])
  })

  it('D5: is never moved by a later vector, which shows a gap', () => {
    const pair = new Pair(['A'], { before: [['A']] }).ready()
    pair.publish(['A'])
    pair.deliver(isBatch)
    pair.subscription.resync(pair.now)
    pair.pass(1000, ({ kind }) => kind === 'heartbeat')
    expect(pair.order).toEqual(['A2'])
  })

  it('D5: of a stream hardly older than the subscription is 0: its announcement was on its way', () => {
    const pair = readyAlone([['A'], ['A']], 1000)
    pair.publish(['A'])
    pair.deliver()
    pair.pass(1000)
    expect(pair.order).toEqual(['A1', 'A2', 'A3'])
  })

  it('D5: of a stream older than the subscription that nobody knew of is its vector, behind a loss', () => {
    const pair = readyAlone([['A'], ['A']])
    pair.publish(['A'])
    pair.deliver()
    expect(pair.order).toEqual([])
    pair.pass(1000)
    expect(pair.order).toEqual(['lost Anull..3'])
    expect(pair.losses).toMatchObject([{ reason: 'unknown-publisher', publisher: identity }])
    pair.publish(['A'])
    pair.deliver()
    expect(pair.order.slice(1)).toEqual(['A4'])
  })
})

describe('a publisher whose vector never came', () => {
  it('D5: has what is held delivered; the rest is lost from an unknown beginning', () => {
    const pair = readyAlone([['A'], ['A']])
    pair.publish(['A'])
    pair.deliver()
    pair.roster({ state: 'ended', last: null })
    expect(pair.order).toEqual(['lost Anull..2', 'A3', 'lost A4..null'])
  })

  it('D5: has a loss up to its last numbers where the roster knows them', () => {
    const pair = readyAlone()
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 5 }] })
    expect(pair.order).toEqual(['lost Anull..5'])
    expect(pair.losses).toMatchObject([{ reason: 'ended' }])
  })

  it('D5: owes nothing when it had ended before the subscription began', () => {
    const pair = new Pair(['A'])
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 5 }] })
    expect(pair.isReady).toBe(true)
    expect(pair.order).toEqual([])
  })
})
