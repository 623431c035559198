import { beforeEach, describe, expect, it } from 'vitest'
import { decodeMessage } from '../wire/frames/message-codec.ts'
import { identity, subscriber as id } from '../../test/harness/pair.ts'
import { type Application, SubscriberStage } from '../../test/harness/subscriber-stage.ts'
import { Source } from './source.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'

let stage: SubscriberStage

beforeEach(() => {
  stage = new SubscriberStage()
})

describe('a subscription that a hop has forgotten', () => {
  /** The topics that are subscribed to, or no longer, while all of these are kept from it. */
  function topicsWithout(isForgotten: (message: Buffer) => boolean): string[] {
    stage.subscribe(['A', 'B'])
    stage.topics = []
    for (let index = 0; index < 200; index++) {
      stage.now += 50
      stage.subscriber.tick(stage.now)
      for (const request of stage.requests.splice(0)) stage.publisher.onRequest(request, stage.now)
      stage.publisher.tick(stage.now)
      stage.messages = stage.messages.filter((each) => !isForgotten(Buffer.from(each)))
      stage.deliver()
    }
    return stage.topics
  }

  it('D12: is sent again, for the topics that are not proven and the reply topic', () => {
    const again = topicsWithout((message) => message.includes('table/B/'))
    expect(again.filter((topic) => !topic.includes('status/')).slice(0, 4)).toEqual([
      `-reply/${id}/`,
      `+reply/${id}/`,
      '-table/B/',
      '+table/B/',
    ])
  })

  it('D12: is sent again for the heartbeats, of which no answer tells that they do not come', () => {
    const again = topicsWithout((message) => message.includes('status/'))
    expect(again.slice(0, 2)).toEqual(['-status/', '+status/'])
    expect(again.filter((topic) => topic.includes('table/'))).toEqual([])
  })
})

describe('a process that stood still while an answer was on its way', () => {
  const hasUpdates = (message: Uint8Array) => {
    const { kind } = decodeMessage(message)
    return kind === 'batch' || kind === 'replay'
  }

  /** Asks everybody, stands still for 3 s, and reads the answer before the tick that shows it. */
  function standStill(): Application {
    const application = stage.subscribe()
    stage.pass(1000)
    stage.subscriber.onReconnected(stage.now)
    stage.subscriber.tick((stage.now += 50))
    expect(stage.kindsOf('sync')).toHaveLength(2)
    for (const request of stage.requests.splice(0)) stage.publisher.onRequest(request, stage.now)
    stage.now += 3_000
    stage.publisher.tick(stage.now)
    expect(stage.messages).not.toEqual([])
    stage.deliver()
    return application
  }

  it('D15: takes none of that for the length of the way', () => {
    const { subscription } = standStill()
    const [source] = subscription.sources.values()
    expect(source?.roundTripMs).toBeLessThanOrEqual(defaultSubscriberLimits.tickMs)
  })

  it('D16: asks again for what it misses as soon as ever', () => {
    const application = standStill()
    stage.publish(2)
    const since = stage.kindsOf('replay').length
    stage.pass(100, hasUpdates)
    stage.publish(1)
    stage.pass(4_000, hasUpdates)
    expect(stage.kindsOf('replay').length - since).toBeGreaterThanOrEqual(3)
    stage.pass(5_000)
    expect(application.received).toEqual([1, 2, 3])
  })

  it('D15: believes a longer way all the same, as far as the rest of the time shows it', () => {
    const source = new Source(identity, defaultSubscriberLimits, 0)
    source.answered({ tookMs: 2_000, ownStallMs: 0 }, 5_000)
    source.answered({ tookMs: 4_500, ownStallMs: 1_500 }, 5_000)
    expect(source.roundTripMs).toBe(3_000)
    source.answered({ tookMs: 3_500, ownStallMs: 3_000 }, 5_000)
    expect(source.roundTripMs).toBe(3_000)
    source.answered({ tookMs: 1_000, ownStallMs: 900 }, 5_000)
    expect(source.roundTripMs).toBe(2_000)
    source.answered({ tookMs: 90_000, ownStallMs: 20 }, 95_000)
    expect(source.roundTripMs).toBe(4_000)
  })
})

describe('the next tick', () => {
  const { tickMs, heartbeatMs } = defaultSubscriberLimits
  /** Ready, and nothing has been said for so long that the publisher is quiet. */
  beforeEach(() => {
    stage = new SubscriberStage()
    stage.subscribe()
    stage.pass(12_500)
  })

  it('D15: comes behind the next heartbeats where all is quiet', () => {
    expect(stage.subscriber.tick(stage.now)).toBe(13 * heartbeatMs + tickMs / 2)
  })

  it('D15: comes when a publisher has been silent for too long, not a second later', () => {
    stage.publish(1)
    stage.deliver()
    const stalledAt = stage.now + 3 * heartbeatMs
    stage.pass(2_700, () => true)
    expect(stage.subscriber.tick(stage.now)).toBe(stalledAt + 1)
  })

  it('D15: comes soon while something is to be proven, or missing', () => {
    stage.subscriber.onReconnected(stage.now)
    expect(stage.subscriber.tick(stage.now)).toBe(12_500 + tickMs)
  })

  it.each<[string, () => void]>([
    ['an update', () => stage.publish(1)],
    ['an answer to a sync of another', () => answerAnother()],
  ])('D15: is asked for by %s', (_, happens) => {
    stage.wakes = []
    happens()
    stage.deliver()
    expect(stage.wakes).toContain(tickMs)
  })

  it('D15: is asked for by a heartbeat that names what has not come, and by no other', () => {
    stage.wakes = []
    stage.pass(3_000)
    expect(stage.wakes).toEqual([])
    stage.publish(1)
    stage.messages = []
    stage.now += 150
    stage.publisher.tick(stage.now)
    stage.deliver()
    expect(Math.min(...stage.wakes)).toBeLessThanOrEqual(tickMs)
    // The gap is open already: the heartbeat alone wants the tick.
    stage.wakes = []
    stage.publish(1)
    stage.messages = []
    stage.now += 150
    stage.publisher.tick(stage.now)
    stage.deliver()
    expect(stage.wakes).toContain(tickMs)
  })

  it('D15: is asked for by a change of the roster', () => {
    stage.wakes = []
    stage.roster({ node: 'n', history: 'h' })
    expect(stage.wakes).toContain(tickMs)
  })
})

/** The publisher answers a subscriber that asks for the same table. */
function answerAnother(): void {
  const sync = { kind: 'sync', subscriber: 'c'.repeat(32), nonce: 1, sinceMs: 0 } as const
  stage.publisher.onRequest({ ...sync, tables: ['A'], marks: ['A'], incarnations: null }, stage.now)
  stage.publisher.tick((stage.now += 250))
}
