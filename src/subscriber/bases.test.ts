import { describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import type { PairLimits } from '../../test/harness/pair.ts'
import { identity, isBatch, Pair } from '../../test/harness/pair.ts'

/** A subscription that was ready before it heard of any publisher. */
function readyAlone(
  before?: readonly (readonly string[])[],
  beforeMs = 5000,
  publisher: NonNullable<PairLimits['publisher']> = {},
): Pair {
  const pair = new Pair(['A'], { publisher, ...(before && { before, beforeMs }) })
  pair.roster(null)
  expect(pair.isReady).toBe(true)
  return pair
}

/** An update each second that does not arrive, then one that does. */
function publishUnheard(pair: Pair, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    pair.publish(['A'])
    pair.wire = []
    pair.now += 1000
    pair.publisher.tick(pair.now)
  }
  pair.publish(['A'])
  pair.deliver()
  pair.pass(1000)
}

describe('a base', () => {
  it('D5: comes from the vector to one of our own syncs alone', () => {
    const pair = new Pair(['A'])
    pair.roster()
    const streams = [{ table: 'A', last: 5, first: 1, since: 1, ageMs: 1 }]
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
    pair.deliver()
    pair.publish(['A'])
    pair.deliver(isBatch)
    pair.subscription.resync(pair.now)
    pair.pass(1000, ({ kind }) => kind === 'heartbeat')
    expect(pair.order).toEqual(['A2', 'A3'])
  })

  it('D5: of a stream hardly older than the subscription is 0: its announcement was on its way', () => {
    const pair = readyAlone([['A'], ['A']], 1000)
    pair.publish(['A'])
    pair.deliver()
    pair.pass(1000)
    expect(pair.order).toEqual(['A1', 'A2', 'A3'])
  })

  it('D5: of an older stream that nobody knew of is where it stood when the subscription began', () => {
    const pair = readyAlone([['A'], ['A']])
    pair.now += 10_000
    for (let round = 0; round < 3; round++) {
      pair.publish(['A'])
      pair.wire = []
      pair.now += 1000
    }
    pair.publish(['A'])
    pair.deliver()
    expect(pair.order).toEqual([])
    pair.pass(1000)
    expect(pair.order).toEqual(['A3', 'A4', 'A5', 'A6'])
    expect(pair.losses).toEqual([])
  })

  it('D5: of an older stream that no longer retains all that was published since is behind a loss', () => {
    const pair = readyAlone([['A'], ['A']], 5000, { retentionAgeMs: 2000, reserveUpdates: 0 })
    publishUnheard(pair, 5)
    expect(pair.order).toEqual(['lost Anull..5', 'A6', 'A7', 'A8'])
    expect(pair.losses).toMatchObject([{ reason: 'unknown-publisher', publisher: identity }])
  })

  it('D19: of which all before it is lost is confirmed when the loss was taken, not before', () => {
    const pair = readyAlone([['A'], ['A']], 5000, { retentionAgeMs: 2000, reserveUpdates: 0 })
    const confirmed: number[] = []
    const push = pair.losses.push.bind(pair.losses)
    pair.losses.push = (...lost) => {
      confirmed.push(pair.subscription.confirmed(identity.incarnation)[0]?.last ?? 0)
      return push(...lost)
    }
    publishUnheard(pair, 5)
    expect(confirmed).toEqual([0])
    expect(pair.subscription.confirmed(identity.incarnation)).toEqual([{ table: 'A', last: 8 }])
  })

  it('D5: of a stream younger than the subscription is 0, whatever is retained of it', () => {
    const pair = readyAlone(undefined, 0, { retentionAgeMs: 2000, reserveUpdates: 0 })
    publishUnheard(pair, 5)
    expect(pair.order).toEqual(['lost A1..3', 'A4', 'A5', 'A6'])
    expect(pair.losses).toMatchObject([{ reason: 'evicted' }])
  })

  it('D5: of a stream younger than the subscription is 0 also before it is ready: a script publishes at once', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.now += 1000
    pair.publish(['A'])
    pair.wire = []
    expect(pair.isReady).toBe(false)
    pair.ready()
    pair.pass(1000)
    expect(pair.order).toEqual(['A1'])
    expect(pair.losses).toEqual([])
  })

  it('D5: and is not where another of its streams is older: their commits are not cut', () => {
    const pair = new Pair(['A', 'B'], { before: [['B']] })
    pair.roster()
    pair.now += 1000
    pair.publish(['A', 'B'])
    pair.wire = []
    pair.ready()
    pair.publish(['A', 'B'])
    pair.deliver()
    pair.pass(1000)
    expect(pair.order).toEqual(['A2', 'B3'])
    expect(pair.losses).toEqual([])
  })

  it('D5: and is not where the stream may be older, by the time that the vector was on its way', () => {
    const pair = new Pair(['A'], { before: [['A']], beforeMs: 0 })
    pair.roster()
    // Its answer is under way for three seconds.
    const underWay: Message[] = []
    pair.pass(300, (message) => underWay.push(message) > 0)
    pair.now += 3000
    pair.wire = underWay
    pair.deliver()
    expect(pair.isReady).toBe(true)
    pair.publish(['A'])
    pair.deliver()
    expect(pair.order).toEqual(['A2'])
  })

  it('D5: is not set by a vector that may not have looked back far enough', () => {
    const pair = readyAlone([['A']])
    pair.now += 10_000
    pair.roster()
    pair.pass(100, ({ kind }) => kind === 'vector')
    const [sync] = pair.requestsOf('sync')
    if (!sync) throw new Error('nothing was asked')
    // It reaches the publisher late, which has published meanwhile.
    pair.publish(['A'])
    pair.now += 20_000
    pair.wire = []
    pair.publisher.onRequest({ ...sync, sinceMs: sync.sinceMs - 15_000 }, pair.now)
    pair.publisher.tick(pair.now)
    pair.now += 50
    pair.publisher.tick(pair.now)
    pair.deliver()
    expect(pair.order).toEqual([])
    const since = pair.now
    pair.pass(1000)
    expect(pair.requestsOf('sync', since)[0]?.sinceMs ?? 0).toBeGreaterThan(30_000 + 2 * 20_000)
    pair.publish(['A'])
    pair.deliver()
    expect(pair.order).toEqual(['A1', 'A2', 'A3'])
    expect(pair.losses).toEqual([])
  })

  it('D5: reaches back further by what clocks may drift apart', () => {
    const pair = readyAlone([['A']])
    const days = 10 * 86_400_000
    pair.now += days
    pair.roster()
    pair.pass(1000)
    expect(pair.requestsOf('sync')[0]?.sinceMs).toBeGreaterThan(days * 1.001)
  })

  it('D5: reaches back over the time that the machine slept', () => {
    const pair = readyAlone([['A']])
    pair.publish(['A'])
    pair.wire = []
    // An hour for everybody else, a moment for the monotonic clock of the subscription.
    pair.wallClockOffset = 3_600_000
    pair.roster()
    pair.pass(1000)
    expect(pair.requestsOf('sync')[0]?.sinceMs).toBeGreaterThan(3_600_000)
    expect(pair.order).toEqual(['A1', 'A2'])
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

describe('a publisher of a node that is heard for the first time', () => {
  const numbered = { state: 'ended', last: [{ table: 'A', last: 5 }] } as const
  const killed = { state: 'ended', last: null } as const

  it('D5: owes nothing of an end from before the subscription, in good order or not', () => {
    for (const end of [numbered, killed]) {
      const pair = readyAlone()
      pair.now += 60_000
      pair.roster({ ...end, endedMsAgo: 61_000 })
      pair.pass(15_000)
      expect(pair.order).toEqual([])
    }
  })

  it('D5: owes what it published when it ended later, or nobody knows when', () => {
    for (const endedMsAgo of [0, 59_000]) {
      const pair = readyAlone()
      pair.now += 60_000
      pair.roster({ ...numbered, endedMsAgo })
      expect(pair.order).toEqual(['lost Anull..5'])
    }
    const pair = readyAlone()
    pair.now += 60_000
    pair.roster({ ...killed, endedMsAgo: 59_000 })
    expect(pair.order).toEqual(['lost Anull..null'])
  })

  it('D5: is not judged by a monotonic clock that stood still with the machine, or by one that runs slow', () => {
    const asleep = readyAlone()
    asleep.now += 60_000
    asleep.wallClockOffset = 3_600_000
    asleep.roster({ ...numbered, endedMsAgo: 61_000 })
    expect(asleep.order).toEqual(['lost Anull..5'])
    const slow = readyAlone()
    slow.now += 60_000
    slow.roster({ ...numbered, endedMsAgo: 60_030 })
    expect(slow.order).toEqual(['lost Anull..5'])
  })

  it('D5: had ended before, though its node was taken for out of touch: an open loss gets its end', () => {
    const pair = readyAlone()
    pair.roster({ state: 'gone' })
    pair.pass(15_000, () => true)
    expect(pair.order).toEqual(['lost Anull..null'])
    pair.roster({ ...numbered, endedMsAgo: 600_000 })
    expect(pair.losses[1]).toMatchObject({ from: 6, to: 5, ends: true, reason: 'ended' })
    expect(pair.losses).toHaveLength(2)
  })

  it('D5: that was only taken for dead is owed whole when it comes back', () => {
    const pair = readyAlone()
    pair.roster({ state: 'gone' })
    pair.roster({ ...killed, endedMsAgo: 60_000 })
    pair.pass(15_000, () => true)
    expect(pair.order).toEqual([])
    pair.roster({ state: 'alive' })
    pair.publish(['A'])
    pair.pass(1000)
    expect(pair.order).toEqual(['A1'])
  })
})
