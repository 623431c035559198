import { beforeEach, describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'
import { identity, Pair } from '../../test/harness/pair.ts'

const isReplay = ({ kind }: Message) => kind === 'replay'

/** Publishes so many updates, each its own parcel; those at the places named are lost on their way. */
function publish(pair: Pair, count: number, lost: (index: number) => boolean): void {
  for (let index = 0; index < count; index++) pair.publish(['A'])
  pair.deliver((_, index) => lost(index))
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `A${index + 1}`)

describe('a gap', () => {
  let pair: Pair
  beforeEach(() => {
    pair = new Pair(['A']).ready()
  })

  it('D16: has a moment to close by itself', () => {
    publish(pair, 3, (index) => index === 1)
    pair.pass(50)
    expect(pair.requestsOf('replay')).toEqual([])
    pair.pass(100)
    expect(pair.requestsOf('replay')).toHaveLength(1)
  })

  const tables = ['A', 'B', 'C', 'D', 'E', 'F']

  /** A commit in all of them, a message every 50 ms; those that are so are lost. */
  function publishSlowly(isLost: (message: Message) => boolean): Pair {
    const slow = new Pair(tables, { publisher: { turnBytes: 1 } }).ready()
    slow.publish(tables)
    while (slow.publisher.hasMoreToSend) {
      slow.pass(50, isLost)
      slow.publisher.endTurn(slow.now, slow.now)
    }
    slow.pass(50, isLost)
    return slow
  }

  it('D16: is none while other parts of its parcel come', () => {
    const slow = publishSlowly(() => false)
    expect(slow.requestsOf('replay')).toEqual([])
    expect(slow.told('behind')).toBe(0)
    expect(slow.received).toEqual(tables.map((table) => `${table}1`))
  })

  it('D16: is asked for its moment after the last part of its parcel has come', () => {
    const slow = publishSlowly((message) => message.kind === 'batch' && message.table === 'F')
    expect(slow.requestsOf('replay')).toEqual([])
    slow.pass(100)
    expect(slow.requestsOf('replay')).toMatchObject([{ table: 'F', from: 1, to: 1 }])
    slow.pass(100)
    expect(slow.received).toEqual(tables.map((table) => `${table}1`))
  })

  it('D16: is asked for its moment after it showed, however far the next tick was', () => {
    const { gapGraceMs } = defaultSubscriberLimits
    publish(pair, 3, (index) => index === 1)
    expect(pair.wakes.at(-1)).toEqual({ ms: gapGraceMs, at: pair.now })
    pair.now += gapGraceMs
    pair.subscription.tick(pair.now, 0)
    expect(pair.requestsOf('replay')).toMatchObject([{ from: 2, to: 2 }])
  })

  it('D16: that only a heartbeat shows is asked for as soon', () => {
    pair.publish(['A'])
    pair.deliver(() => true)
    const since = pair.now
    pair.pass(200, isReplay)
    expect(
      pair.wakes.filter(({ ms, at }) => ms === defaultSubscriberLimits.gapGraceMs && at > since),
    ).toHaveLength(1)
  })

  it('D16: is asked for from its first to its last sequence', () => {
    publish(pair, 5, (index) => index === 1 || index === 2)
    pair.pass(200)
    expect(pair.requestsOf('replay')).toMatchObject([{ table: 'A', from: 2, to: 3 }])
    expect(pair.received).toEqual(numbers(5))
  })

  it('D16: is asked for again while no answer comes, and not faster than one can come', () => {
    publish(pair, 3, (index) => index === 1)
    pair.pass(3000, isReplay)
    expect(pair.requestsOf('replay').length).toBeGreaterThanOrEqual(4)
    expect(pair.requestsOf('replay').length).toBeLessThanOrEqual(6)
  })

  it('D16: has the reply topic and its own proven anew when two asks were in vain', () => {
    const since = pair.now
    publish(pair, 3, (index) => index === 1)
    pair.pass(2000, (message) => message.kind !== 'mark' && message.kind !== 'vector')
    expect(pair.requestsOf('sync', since)[0]).toMatchObject({ marks: ['A'] })
  })

  it('D16: is not asked for while more than half of the queue is full', () => {
    pair.isUnderHalf = false
    publish(pair, 3, (index) => index === 1)
    pair.pass(2000)
    expect(pair.requestsOf('replay')).toEqual([])
    pair.isUnderHalf = true
    pair.subscription.onRoom(pair.now)
    pair.pass(100)
    expect(pair.received).toEqual(numbers(3))
  })

  it('D8: is a loss by a refusal of our own request alone', () => {
    publish(pair, 4, (index) => index < 2)
    for (const nonce of [1, 999_999])
      pair.subscription.onMessage(
        { kind: 'refusal', publisher: identity, nonce, table: 'A', firstRetained: 3 },
        pair.now,
      )
    expect(pair.losses).toEqual([])
    pair.pass(500)
    expect(pair.received).toEqual(numbers(4))
  })

  it('D8: is no loss by the refusal for another table', () => {
    publish(pair, 4, (index) => index < 2)
    pair.pass(150, isReplay)
    const [{ nonce } = { nonce: 0 }] = pair.requestsOf('replay')
    pair.subscription.onMessage(
      { kind: 'refusal', publisher: identity, nonce, table: 'B', firstRetained: 3 },
      pair.now,
    )
    expect(pair.losses).toEqual([])
  })
})

describe('a large gap', () => {
  it('D16: is asked for in ranges of bounded bytes, the next as soon as one is here', () => {
    const pair = new Pair(['A'], { subscriber: { replayWindowBytes: 1000 } }).ready()
    publish(pair, 60, (index) => index > 0 && index < 59)
    pair.pass(150)
    const asked = pair.requestsOf('replay').map(({ from, to }) => to - from + 1)
    expect(asked.length).toBeGreaterThanOrEqual(1)
    expect(Math.max(...asked)).toBeLessThan(15)
    pair.pass(1500)
    expect(pair.received).toEqual(numbers(60))
  })

  it('D16: goes on without a tick when a range has come whole', () => {
    const pair = new Pair(['A'], { subscriber: { replayWindowBytes: 1000 } }).ready()
    publish(pair, 60, (index) => index > 0 && index < 59)
    pair.pass(150, isReplay)
    const [first] = pair.requestsOf('replay')
    if (!first) throw new Error('nothing was asked for')
    pair.now += 1000
    pair.publisher.onRequest({ ...first, subscriber: first.subscriber }, pair.now)
    pair.publisher.tick(pair.now + 50)
    pair.deliver(({ kind }) => kind !== 'replay')
    expect(pair.requests.at(-1)).toMatchObject({ kind: 'replay', from: first.to + 1 })
  })
})
