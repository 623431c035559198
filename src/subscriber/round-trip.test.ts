import { beforeEach, describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import type { Request } from '../model/request.ts'
import { isBatch, Pair } from '../../test/harness/pair.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'

/** A subscriber whose publisher is far away: what either says arrives so much later. */
class FarPair {
  readonly pair = new Pair(['A'])
  oneWayMs: number
  #up: { at: number; request: Request }[] = []
  #down: { at: number; message: Message }[] = []

  constructor(oneWayMs: number) {
    this.oneWayMs = oneWayMs
    this.pair.isDirect = false
    this.pair.roster()
    this.pass(12_000)
    expect(this.pair.isReady).toBe(true)
    this.pair.renewed.length = 0
  }

  pass(ms: number, isLost: (message: Message) => boolean = () => false): void {
    const { pair } = this
    for (const end = pair.now + ms; pair.now < end;) {
      pair.now += 50
      const at = pair.now + this.oneWayMs
      pair.subscription.tick(pair.now, 0)
      this.#up.push(...pair.requests.splice(0).map((request) => ({ at, request })))
      for (const { request } of this.#up.filter((each) => each.at <= pair.now))
        pair.publisher.onRequest(request, pair.now)
      pair.publisher.tick(pair.now)
      this.#down.push(...pair.wire.splice(0).map((message) => ({ at, message })))
      for (const { message } of this.#down.filter((each) => each.at <= pair.now))
        if (!isLost(message)) pair.subscription.onMessage(message, pair.now)
      this.#up = this.#up.filter((each) => each.at > pair.now)
      this.#down = this.#down.filter((each) => each.at > pair.now)
    }
  }
}

describe('a publisher that stood still for 8 s, and then answers what it was asked first', () => {
  let pair: Pair

  /** Time goes by in steps of 50 ms. What either says arrives at once, but for updates that are lost. */
  function pass(ms: number, isLost: (message: Message) => boolean = () => false): void {
    for (const end = pair.now + ms; pair.now < end;) {
      pair.now += 50
      pair.subscription.tick(pair.now, 0)
      for (const request of pair.requests.splice(0)) pair.publisher.onRequest(request, pair.now)
      pair.publisher.tick(pair.now)
      for (const message of pair.wire.splice(0))
        if (!isLost(message)) pair.subscription.onMessage(message, pair.now)
    }
  }

  beforeEach(() => {
    pair = new Pair(['A'])
    pair.roster()
    pass(5_000)
    expect(pair.isReady).toBe(true)
    pair.subscription.resync(pair.now)
    for (const end = pair.now + 8_000; pair.now < end;) {
      pair.now += 50
      pair.subscription.tick(pair.now, 0)
    }
    expect(pair.requests.length).toBeGreaterThan(5)
    pair.requests.length = 3
    pass(100)
  })

  it('D15: is not taken to be far away', () => {
    const [source] = pair.subscription.sources.values()
    expect(source?.unproven.size).toBe(0)
    expect(source?.roundTripMs).toBeLessThanOrEqual(defaultSubscriberLimits.heartbeatMs)
  })

  it('D16: is asked for a gap again as soon as ever', () => {
    pair.publish(['A'])
    pass(50, () => true)
    pair.publish(['A'])
    const since = pair.now
    pass(3_000, ({ kind }) => kind === 'replay')
    expect(pair.requestsOf('replay', since).length).toBeGreaterThanOrEqual(2)
    pass(3_000)
    expect(pair.received).toEqual(['A1', 'A2'])
  })

  it('D15: is believed to be far away by what it answers later', () => {
    const [source] = pair.subscription.sources.values()
    source?.answered({ tookMs: 2_500, ownStallMs: 0 }, pair.now + 2_500)
    expect(source?.roundTripMs).toBe(2_500)
  })
})

describe('a publisher whose answers take 2.4 s', () => {
  it('D12: has its path left alone while an answer may be under way', () => {
    const far = new FarPair(1_200)
    for (let round = 0; round < 5; round += 1) {
      far.pair.subscription.resync(far.pair.now)
      far.pass(4_000)
    }
    expect(far.pair.renewed).toEqual([])
  })

  it('D12: has hops of its path made anew no faster than an answer can come', () => {
    const far = new FarPair(1_200)
    far.pass(60_000, () => true)
    const times = far.pair.renewed.map(({ at }) => at)
    expect(times.length).toBeGreaterThan(3)
    for (const [index, at] of times.slice(1).entries())
      expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(2_400)
  })

  it('D15: is asked again no faster than an answer can come', () => {
    const far = new FarPair(1_200)
    const since = far.pair.now
    far.pair.subscription.resync(far.pair.now)
    far.pass(2_400)
    expect(far.pair.requestsOf('sync', since).length).toBe(1)
  })

  it('D15: is found to be nearer by what it replays, while its answers to syncs are lost', () => {
    const far = new FarPair(1_200)
    const [source] = far.pair.subscription.sources.values()
    const before = source?.roundTripMs ?? 0
    expect(before).toBeGreaterThanOrEqual(2_400)
    far.oneWayMs = 50
    far.pair.publish(['A'])
    far.pair.wire.length = 0
    far.pair.publish(['A'])
    far.pass(3_000, ({ kind }) => kind === 'vector' || kind === 'mark')
    expect(far.pair.received).toEqual(['A1', 'A2'])
    expect(source?.roundTripMs).toBeLessThan(before * 0.6)
  })

  it('D15: is asked again as soon as its answers are found to take less', () => {
    const far = new FarPair(1_200)
    const since = far.pair.now
    far.pair.subscription.resync(far.pair.now)
    far.pass(100, () => true)
    const [source] = far.pair.subscription.sources.values()
    for (let answer = 0; answer < 8; answer += 1)
      source?.answered({ tookMs: 20, ownStallMs: 0 }, far.pair.now)
    far.pass(600, () => true)
    expect(far.pair.requestsOf('sync', since).length).toBe(2)
  })

  it('D15: is asked again sooner when its marks come sooner, and vectors are lost', () => {
    const far = new FarPair(1_200)
    far.oneWayMs = 50
    const since = far.pair.now
    far.pair.subscription.resync(far.pair.now)
    far.pass(2_800, ({ kind }) => kind === 'vector')
    expect(far.pair.requestsOf('sync', since).length).toBe(2)
  })

  it('D16: is asked again as soon as ever when it leaves, since it serves for a short time only', () => {
    const far = new FarPair(1_200)
    far.pair.publish(['A'])
    far.pair.publisher.leave(far.pair.now, 0, 2_000, () => undefined)
    const since = far.pair.now
    far.pass(3_200, isBatch)
    expect(far.pair.requestsOf('replay', since).length).toBeGreaterThanOrEqual(3)
  })

  it('D16: is asked again as soon as its answers are found to take less', () => {
    const far = new FarPair(1_200)
    far.pair.publish(['A'])
    far.pass(1_300, isBatch)
    far.pair.publish(['A'])
    const since = far.pair.now
    const asks = () => far.pair.requestsOf('replay', since).length
    const isReplay = ({ kind }: Message) => kind === 'replay'
    far.pass(1_600, isReplay)
    expect(asks()).toBe(1)
    const [source] = far.pair.subscription.sources.values()
    for (let answer = 0; answer < 8; answer += 1)
      source?.answered({ tookMs: 20, ownStallMs: 0 }, far.pair.now)
    far.pass(500, isReplay)
    expect(asks()).toBe(2)
  })

  it('D16: is asked for a gap once while the answer may be under way', () => {
    const far = new FarPair(1_200)
    far.pair.publish(['A'])
    far.pass(1_300, isBatch)
    far.pair.publish(['A'])
    const since = far.pair.now
    far.pass(5_000)
    expect(far.pair.requestsOf('replay', since).length).toBe(1)
    expect(far.pair.received).toEqual(['A1', 'A2'])
  })
})
