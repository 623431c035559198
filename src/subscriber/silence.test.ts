import { beforeEach, describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import { everything, isBatch, Pair } from '../../test/harness/pair.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'

const isHeartbeat = ({ kind }: Message) => kind === 'heartbeat'

let pair: Pair
beforeEach(() => {
  pair = new Pair(['A', 'B']).ready()
})

describe('what exists and has not come', () => {
  it('D14: is seen at once where another part of its parcel is here', () => {
    pair.publish(['A', 'B'])
    pair.deliver((message) => message.kind === 'batch' && message.table === 'B')
    expect(pair.order).toEqual([])
    pair.pass(200, isHeartbeat)
    expect(pair.requestsOf('replay')).toMatchObject([{ table: 'B', from: 1, to: 1 }])
  })

  it('D14: is seen at once where a parcel has a part in a table of another subscription', () => {
    pair = new Pair(['B']).ready()
    pair.publish(['A', 'B'])
    pair.deliver((message) => message.kind === 'batch' && message.table === 'B')
    pair.pass(200, isHeartbeat)
    expect(pair.received).toEqual(['B1'])
  })

  it('D14: is seen by a heartbeat', () => {
    pair.publish(['A'])
    pair.deliver(isBatch)
    pair.pass(500, ({ kind }) => kind === 'vector' || kind === 'mark')
    expect(pair.received).toEqual(['A1'])
  })

  it('D14: is seen by a mark', () => {
    pair.publish(['A'])
    pair.deliver(isBatch)
    pair.subscription.resync(pair.now)
    pair.pass(400, ({ kind }) => kind === 'heartbeat' || kind === 'vector')
    expect(pair.received).toEqual(['A1'])
  })

  it('D14: has its topic proven again where a heartbeat alone has shown it', () => {
    pair.publish(['A'])
    pair.deliver(isBatch)
    const since = pair.now
    pair.pass(500, (message) => !isHeartbeat(message))
    expect(pair.requestsOf('sync', since)[0]).toMatchObject({ marks: ['A'] })
  })

  it('D14: is told as being behind, once for each time', () => {
    pair.publish(['A'])
    pair.publish(['A'])
    pair.deliver((_, index) => index === 0)
    pair.pass(3000, ({ kind }) => kind === 'replay')
    expect(pair.events.filter(({ type }) => type === 'behind')).toMatchObject([
      { table: 'A', from: 1, to: 1 },
    ])
    pair.pass(2000)
    pair.publish(['A'])
    pair.publish(['A'])
    pair.deliver((_, index) => index === 0)
    pair.pass(1000)
    expect(pair.told('behind')).toBe(2)
    expect(pair.received).toEqual(['A1', 'A2', 'A3', 'A4'])
  })
})

describe('a silent publisher', () => {
  it('D14: is stalled three seconds after an update or a heartbeat that named one', () => {
    pair.publish(['A'])
    pair.deliver()
    const since = pair.now
    pair.pass(2900, everything)
    expect(pair.told('publisher-stalled')).toBe(0)
    pair.pass(100, everything)
    expect(pair.now - since).toBeLessThanOrEqual(3050)
    pair.pass(50, everything)
    expect(pair.told('publisher-stalled')).toBe(1)
  })

  it('D14: is stalled two seconds after the heartbeat that was due, where the last one named no stream', () => {
    pair.pass(3100)
    while (!pair.wire.some(isHeartbeat)) pair.pass(50, (message) => pair.wire.push(message) > 0)
    pair.deliver()
    pair.pass(4900, everything)
    expect(pair.told('publisher-stalled')).toBe(0)
    pair.pass(200, everything)
    expect(pair.told('publisher-stalled')).toBe(1)
  })

  it('D14: has its last update named by a heartbeat after any silence for which it is not stalled', () => {
    const { heartbeatMs, quietHeartbeatMs, heartbeatsMissed } = defaultSubscriberLimits
    const borneMs = quietHeartbeatMs + (heartbeatsMissed - 1) * heartbeatMs
    while (pair.now < 5 * quietHeartbeatMs) pair.pass(50)
    pair.publish(['A'])
    pair.pass(borneMs, everything)
    expect(pair.told('publisher-stalled')).toBe(0)
    pair.pass(1500, (message) => !isHeartbeat(message) && message.kind !== 'replay')
    expect(pair.received).toEqual(['A1'])
  })

  it('D14: is asked at once when it is heard again', () => {
    pair.pass(6000, everything)
    const since = pair.now
    pair.publish(['B'])
    pair.deliver()
    expect(pair.told('publisher-live')).toBe(1)
    pair.pass(50)
    expect(pair.requestsOf('sync', since)).toMatchObject([{ marks: ['A', 'B'] }])
  })
})

describe('when we stood still ourselves', () => {
  it('D14: nobody is charged for it, and everybody is asked', () => {
    const since = pair.now
    pair.now += 12_000
    pair.subscription.tick(pair.now, 11_800)
    expect(pair.told('publisher-stalled') + pair.told('publisher-gone')).toBe(0)
    pair.pass(100)
    expect(pair.requestsOf('sync', since)).toHaveLength(1)
  })
})

describe('while the connection that publishers share is broken', () => {
  beforeEach(() => {
    pair.publish(['A'])
    pair.deliver()
  })
  const breaks = (ms: number) => {
    pair.sharedHop.stands(false, pair.now)
    pair.pass(ms, everything)
    pair.sharedHop.stands(true, pair.now)
  }

  it('D14: nobody who comes over it is gone, and one who stays silent is so when 10 s of silence are over', () => {
    pair.isDirect = false
    breaks(9_000)
    // The publisher's node restarts its GENESIS_CLUSTER, too.
    pair.pass(9_500, everything)
    expect(pair.told('publisher-gone')).toBe(0)
    pair.pass(1_000, everything)
    expect(pair.told('publisher-gone')).toBe(1)
  })

  it('D14: who is heard on a connection of its own is gone after 10 s all the same', () => {
    breaks(9_000)
    pair.pass(1_500, everything)
    expect(pair.told('publisher-gone')).toBe(1)
  })

  it('D14: it is not waited for without end', () => {
    pair.isDirect = false
    pair.sharedHop.stands(false, pair.now)
    pair.pass(39_000, everything)
    expect(pair.told('publisher-gone')).toBe(0)
    pair.pass(1_500, everything)
    expect(pair.told('publisher-gone')).toBe(1)
  })
})

describe('whoever is heard behind our own stall', () => {
  it('D14: is gone ten seconds later, not ten seconds and the stall', () => {
    pair.now += 12_000
    pair.publish(['A'])
    pair.deliver()
    pair.subscription.tick(pair.now, 11_800)
    pair.pass(10_500, everything)
    expect(pair.told('publisher-gone')).toBe(1)
  })
})

describe('after a reconnect', () => {
  it('D14: everybody is asked for everything', () => {
    const since = pair.now
    pair.subscription.resync(pair.now)
    pair.pass(50)
    expect(pair.requestsOf('sync', since)).toMatchObject([{ marks: ['A', 'B'] }])
  })
})
