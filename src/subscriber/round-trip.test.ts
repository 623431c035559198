import { describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import type { Request } from '../model/request.ts'
import { isBatch, Pair } from '../../test/harness/pair.ts'

/** A subscriber whose publisher is far away: what either says arrives so much later. */
class FarPair {
  readonly pair = new Pair(['A'])
  readonly #oneWayMs: number
  #up: { at: number; request: Request }[] = []
  #down: { at: number; message: Message }[] = []

  constructor(oneWayMs: number) {
    this.#oneWayMs = oneWayMs
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
      const at = pair.now + this.#oneWayMs
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
