import { describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import { everything, Pair, subscriber } from '../../test/harness/pair.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'

const isAnswer = ({ kind }: Message) => kind === 'vector' || kind === 'mark'

/** When the syncs of a subscription go out that is never answered; it hears heartbeats. */
function unanswered(seed: number): number[] {
  const pair = new Pair(['A'], { seed })
  pair.roster()
  pair.pass(20_000, isAnswer)
  return pair.asked.filter(({ request }) => request.kind === 'sync').map(({ at }) => at)
}

describe('a sync', () => {
  it('D15: is repeated, later and later, while an answer is missing', () => {
    const times = unanswered(1)
    expect(times.length).toBeGreaterThan(10)
    expect(times.length).toBeLessThan(25)
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(pauses[0]).toBeLessThan(600)
    expect(Math.max(...pauses)).toBeGreaterThan(1200)
    expect(Math.max(...pauses)).toBeLessThan(2000)
  })

  it('D15: comes again soon when a publisher is heard at last: the first may have found no connection', () => {
    const pair = new Pair(['A']).ready()
    const incarnation = 'f'.repeat(32)
    const late = pair.addPublisher({ incarnation })
    const known = pair.now
    pair.roster({ incarnation })
    pair.pass(50, everything)
    expect(pair.requestsOf('sync', known)).toHaveLength(1)
    const since = pair.now + 1
    pair.publishBy(late, ['A'])
    pair.deliver()
    pair.now += defaultSubscriberLimits.syncSpreadMs
    pair.subscription.tick(pair.now, 0)
    expect(pair.requestsOf('sync', since)).toHaveLength(1)
  })

  it('D15: goes out at its time, where a tick comes a little before it', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.subscription.tick(pair.now, 0)
    expect(pair.requestsOf('sync')).toEqual([])
    pair.now += pair.wakes.at(-1)?.ms ?? Infinity
    pair.subscription.tick(pair.now, 0)
    expect(pair.requestsOf('sync')).toHaveLength(1)
    expect(pair.now).toBeLessThan(defaultSubscriberLimits.syncSpreadMs)
  })

  it('D15: is one request for all who have not answered, also when it is repeated', () => {
    const pair = new Pair(['A'])
    pair.roster({}, false)
    for (const digit of ['1', '2', '3', '4', '5']) {
      const incarnation = digit.repeat(32)
      pair.addPublisher({ incarnation })
      pair.roster({ incarnation }, digit === '5')
    }
    pair.pass(10_000, isAnswer)
    const asked = pair.requestsOf('sync')
    expect(asked.length).toBeGreaterThan(5)
    for (const { incarnations } of asked) expect(incarnations).toHaveLength(6)
  })

  it('D15: of 50 publishers is repeated after a second at the earliest', () => {
    const pair = new Pair(['A'])
    for (let number = 1; number <= 50; number += 1)
      pair.roster({ incarnation: number.toString(16).padStart(32, '0') }, number === 50)
    pair.pass(5_000, everything)
    const [first, second] = pair.asked.map(({ at }) => at)
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(800)
    expect((second ?? 0) - (first ?? 0)).toBeLessThanOrEqual(1_250)
  })

  /** When a subscription asks that is answered slowly: by one publisher each quarter of a second, and by one never. */
  function askedOf(publishers: number): number[] {
    const pair = new Pair(['A'])
    pair.roster({}, false)
    const others = Array.from({ length: publishers }, (_, index) =>
      `${index + 1}`.padStart(32, '0'),
    )
    for (const each of others) {
      pair.addPublisher({ incarnation: each })
      pair.roster({ incarnation: each }, each === others.at(-1))
    }
    const held: Message[] = []
    for (let passed = 0; passed < 7_500; passed += 50) {
      pair.pass(50, (message) => isAnswer(message) && held.push(message) > 0)
      const answering = others[passed / 250]
      for (const message of held)
        if (message.publisher.incarnation === answering)
          pair.subscription.onMessage(message, pair.now)
    }
    return pair.asked.map(({ at }) => at)
  }

  it('D15: is not repeated while the answers of others come in', () => {
    const [first = 0, second] = askedOf(12)
    expect(first).toBeLessThan(100)
    expect(second).toBeGreaterThan(12 * 250)
    expect(second).toBeLessThan(12 * 250 + 1_000)
  })

  it('D15: is repeated after five seconds, whatever comes of others', () => {
    const [first = 0, second = Infinity] = askedOf(30)
    expect(second).toBeGreaterThanOrEqual(first + 5_000)
    expect(second).toBeLessThan(first + 5_500)
  })

  it('D15: comes at times left to chance, so that many subscribers spread', () => {
    expect(unanswered(1)).not.toEqual(unanswered(2))
  })

  it('D15: is not repeated when all answers have come', () => {
    const pair = new Pair(['A']).ready()
    const since = pair.now
    pair.pass(5000)
    expect(pair.requestsOf('sync', since)).toEqual([])
  })

  it('D15: asks for the marks that are missing, and names who is meant', () => {
    const pair = new Pair(['A', 'B'])
    pair.roster()
    pair.pass(2000, (message) => message.kind === 'mark' && message.table === 'B')
    expect(pair.requestsOf('sync').at(-1)).toMatchObject({
      tables: ['A', 'B'],
      marks: ['B'],
      incarnations: [pair.publisher.identity.incarnation],
    })
  })

  it('D15: is not answered by the mark for another subscriber', () => {
    const pair = new Pair(['A'])
    pair.roster()
    for (let round = 0; round < 20; round++) {
      pair.pass(100, (message) => {
        if (message.kind !== 'mark') return false
        const answers = message.answers.map(({ nonce }) => ({ subscriber: 'b'.repeat(32), nonce }))
        pair.subscription.onMessage({ ...message, answers }, pair.now)
        return true
      })
    }
    expect(pair.isReady).toBe(false)
  })

  it('D15: is not answered by a mark with a nonce that we never used', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.pass(2000, (message) => {
      if (message.kind !== 'mark') return false
      const answers = [{ subscriber, nonce: 999_999 }]
      pair.subscription.onMessage({ ...message, answers }, pair.now)
      return true
    })
    expect(pair.isReady).toBe(false)
  })
})
