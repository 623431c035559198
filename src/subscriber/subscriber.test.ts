import { beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Loss } from '../model/loss.ts'
import type { Request, Tables } from '../model/request.ts'
import type { RosterChange, RosterEntry } from '../model/roster-entry.ts'
import type { Update } from '../model/update.ts'
import { Publisher } from '../publisher/publisher.ts'
import { defaultPublisherLimits } from '../publisher/publisher-limits.ts'
import { decodeMessage } from '../wire/frames/message-codec.ts'
import { identity, subscriber as id } from '../../test/harness/pair.ts'
import { afterEachCall } from '../../test/harness/after-each-call.ts'
import { Subscriber } from './subscriber.ts'
import { Source } from './source.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'
import type { SubscribedStream } from './subscribed-stream.ts'
import type { SubscribedTables } from './subscribed-tables.ts'
import type { SubscriptionEvent } from './subscription-output.ts'

/** What one application gets; it hands over at once unless it is told to keep its deliveries. */
class Application {
  readonly received: (number | null)[] = []
  readonly updates: Update[] = []
  readonly losses: Loss[] = []
  readonly events: SubscriptionEvent[] = []
  readonly waiting: { stream: SubscribedStream; last: number }[] = []
  hasRoom = true
  keeps = false
  subscription!: SubscribedTables

  readonly sink = {
    updates: (updates: Update[], _: boolean, __: number, positions: typeof this.waiting) => {
      this.updates.push(...updates)
      this.received.push(...updates.map(({ sequence }) => sequence))
      this.waiting.push(...positions)
      if (!this.keeps) this.take()
    },
    filtered: () => undefined,
    losses: (losses: Loss[]) => void this.losses.push(...losses),
    hasRoom: () => this.hasRoom,
    isUnderHalf: () => this.hasRoom,
    ready: () => undefined,
    event: (event: SubscriptionEvent) => void this.events.push(event),
  }

  take(): void {
    for (const { stream, last } of this.waiting.splice(0)) stream.consume(last)
  }
}

let now: number
let subscriber: Subscriber
let publisher: Publisher
let requests: Request[]
let topics: string[]
let refusals: string[]
let messages: Uint8Array[]
let wakes: number[]
const asked: Request[] = []

function start(limits: Partial<typeof defaultSubscriberLimits> = {}): void {
  now = 0
  requests = []
  topics = []
  refusals = []
  messages = []
  wakes = []
  asked.length = 0
  const all = { ...defaultSubscriberLimits, ...limits }
  const around = { hops: () => [], wallClock: () => 77 }
  const core = new Subscriber(id, all, seededRandom(1), around, 0)
  subscriber = afterEachCall(core, () => proceed(core))
  publisher = newPublisher(identity)
  publisher.onRegistered(['A'], 0)
  roster({ node: 'n', history: 'h' })
}

function proceed(core: Subscriber): void {
  for (let action; (action = core.nextAction());)
    if (action.type === 'request') {
      requests.push(action.request)
      asked.push(action.request)
    } else if (action.type === 'subscribe') topics.push(`+${action.topic}`)
    else if (action.type === 'unsubscribe') topics.push(`-${action.topic}`)
    else if (action.type === 'refused') refusals.push(action.reason)
  const wakeMs = core.takeWake()
  if (wakeMs !== Infinity) wakes.push(wakeMs)
}

function newPublisher(as: typeof identity): Publisher {
  const core = new Publisher(as, ['A'], defaultPublisherLimits, 0)
  return afterEachCall(core, () => {
    if (core.hasNewRegistration) {
      core.registrationSaid()
      core.onRegistered(core.publishes, 0)
    }
    for (let next; (next = core.nextMessage());) messages.push(next.bytes)
  })
}

function roster(history: { node: string; history: string }, more: Partial<RosterEntry> = {}): void {
  const entry = { ...identity, state: 'alive', publishes: ['A'], subscribes: [], last: null }
  const change = {
    entries: [{ ...entry, ...more }],
    histories: [history],
    settled: true,
    unreachable: [],
  }
  subscriber.onRoster(change as unknown as RosterChange, now)
}

function subscribe(tables: Tables = ['A'], own = true): Application {
  const application = new Application()
  application.subscription = subscriber.add(tables, own, application.sink, now)
  return application
}

function publish(count: number): void {
  for (let index = 0; index < count; index++) {
    publisher.publish({ table: 'A', kind: 'insert', record: { note: 'x'.repeat(100) } })
    publisher.closeTurn(now, now)
  }
}

type IsLost = (message: Uint8Array) => boolean

function deliver(isLost: IsLost = () => false): void {
  for (const each of messages.splice(0)) if (!isLost(each)) subscriber.onMessage(each, now, false)
}

function pass(ms: number, isLost?: IsLost): void {
  for (const end = now + ms; now < end;) {
    now += 50
    subscriber.tick(now)
    for (const request of requests.splice(0)) publisher.onRequest(request, now)
    publisher.tick(now)
    deliver(isLost)
  }
}

const kindsOf = (kind: Request['kind']) => asked.filter((request) => request.kind === kind)

beforeEach(() => start())

describe('two subscriptions to one table', () => {
  it('D21: have rooms of their own: the slow one does not hold up the other', () => {
    const [fast, slow] = [subscribe(), subscribe()]
    pass(1000)
    slow.hasRoom = false
    publish(5)
    deliver()
    expect(fast.received).toEqual([1, 2, 3, 4, 5])
    expect(slow.received).toEqual([])
    slow.hasRoom = true
    subscriber.onConsumed(slow.subscription, now)
    pass(1000)
    expect(slow.received).toEqual([1, 2, 3, 4, 5])
  })

  it('D19: confirm what both of them have', () => {
    const [fast, slow] = [subscribe(), subscribe()]
    pass(1000)
    slow.keeps = true
    publish(3)
    publisher.flush(now, now, 60_000, () => undefined)
    deliver()
    expect(fast.received).toEqual(slow.received)
    expect(kindsOf('confirm').at(-1)).toMatchObject({ streams: [{ table: 'A', last: 0 }] })
    slow.take()
    subscriber.onConsumed(slow.subscription, now)
    expect(kindsOf('confirm').at(-1)).toMatchObject({ streams: [{ table: 'A', last: 3 }] })
  })

  it('D19: confirm nothing before they are ready, and then at once', () => {
    publish(3)
    const one = subscribe()
    const isMark = (message: Uint8Array) => decodeMessage(message).kind === 'mark'
    // Its vector is here and its marks are not: it has a base behind what was published.
    pass(400, isMark)
    publisher.flush(now, now, 60_000, () => undefined)
    pass(400, isMark)
    const confirmed = () =>
      asked.flatMap((request) => (request.kind === 'confirm' ? request.streams : []))
    expect(one.subscription.isReady).toBe(false)
    expect(confirmed()).toEqual([])
    pass(3000)
    expect(one.subscription.isReady).toBe(true)
    expect(confirmed().at(-1)).toEqual({ table: 'A', last: 3 })
  })

  it('W1: subscribe to a topic once, and leave it with the last of them', () => {
    const [one, two] = [subscribe(), subscribe(['A', 'B'])]
    expect(topics.filter((topic) => topic === '+table/A/')).toHaveLength(1)
    subscriber.remove(one.subscription)
    expect(topics).not.toContain('-table/A/')
    subscriber.remove(two.subscription)
    expect(topics).toContain('-table/A/')
    expect(topics).toContain(`-reply/${id}/`)
  })
})

describe('two subscriptions to two tables', () => {
  it('D20: a publisher that one of them hears is not gone to the other', () => {
    const [busy, quiet] = [subscribe(['A']), subscribe(['B'])]
    pass(1000)
    for (let second = 0; second < 20; second++) {
      publish(1)
      // Its heartbeats and answers are lost on the way.
      const arrived = messages.splice(0).filter((each) => Buffer.from(each).includes('table/A/'))
      for (const each of arrived) subscriber.onMessage(each, now, false)
      for (const end = now + 1000; now < end;) subscriber.tick((now += 50))
      requests.length = 0
    }
    expect(busy.received.length).toBe(20)
    const told = quiet.events.map(({ type }) => type)
    expect(told).toContain('publisher-stalled')
    expect(told).not.toContain('publisher-gone')
    expect(quiet.losses).toEqual([])
    for (const end = now + 11_000; now < end;) subscriber.tick((now += 50))
    expect(quiet.events.map(({ type }) => type)).toContain('publisher-gone')
  })
})

describe('the budget of held bytes', () => {
  it('D21: is one for all subscriptions of a process, and costs no update', () => {
    start({ heldBytes: 2000 })
    const applications = [subscribe(), subscribe(), subscribe()]
    pass(1000)
    publish(60)
    const parts = messages.splice(0)
    for (const part of parts.slice(1)) {
      subscriber.onMessage(part, now, false)
      expect(subscriber.heldBytes).toBeLessThanOrEqual(2000)
    }
    pass(10_000)
    const all = Array.from({ length: 60 }, (_, index) => index + 1)
    for (const { received } of applications) expect(received).toEqual(all)
  })

  it('D21: is left first by whoever holds most: what waits for a slow application costs others nothing', () => {
    start({ heldBytes: 2000 })
    const [slow, fast] = [subscribe(), subscribe()]
    pass(1000)
    slow.hasRoom = false
    publish(20)
    deliver()
    publish(1)
    messages = []
    publish(4)
    deliver()
    // Behind the one that is missing it holds the other four: one replay is enough.
    expect(fast.subscription.heldBytes).toBeGreaterThan(4 * 100)
    expect(subscriber.heldBytes).toBeLessThanOrEqual(2000)
  })
})

describe('this process itself', () => {
  it('D24: takes its own updates from itself, not from the network, and only where they are wanted', () => {
    const mine = newPublisher({ ...identity, incarnation: id })
    mine.onRegistered(['A'], 0)
    const [wants, wantsNone] = [subscribe(), subscribe(['A'], false)]
    const turn = (isOwn: boolean): void => {
      now += 50
      subscriber.tick(now)
      for (const request of requests.splice(0)) mine.onRequest(request, now)
      mine.tick(now)
      for (const each of messages.splice(0)) subscriber.onMessage(each, now, isOwn)
    }
    for (let index = 0; index < 20; index++) turn(true)
    mine.publish({ table: 'A', kind: 'insert', record: {} })
    mine.endTurn(now, now)
    turn(false)
    expect(wants.received).toEqual([])
    for (let index = 0; index < 40; index++) turn(true)
    expect(wants.received).toEqual([1])
    expect(wantsNone.received).toEqual([])
  })

  it('D14: charges nobody for the time in which it stood still', () => {
    const application = subscribe()
    pass(1000)
    now += 11_000
    subscriber.tick(now)
    expect(application.losses).toEqual([])
    expect(application.events).toEqual([])
  })

  it('D14: asks everybody when a connection was made again', () => {
    subscribe()
    pass(1000)
    const before = kindsOf('sync').length
    pass(3000)
    expect(kindsOf('sync')).toHaveLength(before)
    subscriber.onReconnected(now)
    pass(50)
    expect(kindsOf('sync')).toHaveLength(before + 1)
  })
})

describe('a roster that began anew', () => {
  it('D23: is a loss of publishers unknown to whoever knew the old one and was ready', () => {
    const ready = subscribe()
    pass(1000)
    const unready = subscribe()
    roster({ node: 'n', history: 'h' })
    expect(ready.losses).toEqual([])
    roster({ node: 'n', history: 'another' })
    expect(ready.losses).toEqual([
      { table: null, publisher: null, from: null, to: null, reason: 'roster-lost' },
    ])
    roster({ node: 'unknown so far', history: 'x' })
    expect(ready.losses).toHaveLength(1)
    expect(unready.losses).toEqual([])
  })

  it('D23: is a loss also where the roster has forgotten what this process has not seen', () => {
    const ready = subscribe()
    pass(1000)
    const unready = subscribe()
    const change = { entries: [], histories: [], settled: true, unreachable: [] }
    subscriber.onRoster({ ...change, forgot: true }, now)
    const [loss, ...more] = ready.losses
    expect(loss).toMatchObject({ table: null, publisher: null, reason: 'roster-lost' })
    expect([...more, ...unready.losses]).toEqual([])
  })

  it('D23: a new history that has forgotten much is one loss', () => {
    const ready = subscribe()
    pass(1000)
    roster({ node: 'n', history: 'h' })
    const histories = [{ node: 'n', history: 'another' }]
    const change = { entries: [], histories, settled: true, unreachable: [] }
    subscriber.onRoster({ ...change, forgot: true }, now)
    expect(ready.losses).toHaveLength(1)
  })

  it('D23: an older roster does not bring back who has said that it ended', () => {
    publish(3)
    roster({ node: 'n', history: 'h' }, { state: 'ended', last: [{ table: 'A', last: 3 }] })
    const ready = subscribe()
    pass(1000)
    // As a node tells that was started with the file of a backup: it waits for this process in vain.
    roster({ node: 'n', history: 'another' }, { state: 'leaving', last: [{ table: 'A', last: 3 }] })
    roster({ node: 'n', history: 'another' }, { state: 'ended', last: null })
    pass(30_000)
    expect(subscriber.roster.get(identity.incarnation)?.state).toBe('ended')
    expect(ready.losses.map(({ reason }) => reason)).toEqual(['roster-lost'])
  })

  it('D23: lets a process go that the roster lets go', () => {
    const change = { entries: [], histories: [], settled: true, unreachable: [] }
    subscriber.onRoster({ ...change, letGo: [identity.incarnation] }, now)
    expect(subscriber.roster.has(identity.incarnation)).toBe(false)
  })

  it('D21: ended processes are remembered up to a number', () => {
    start({ tombstones: 10 })
    for (let index = 0; index < 50; index++)
      roster(
        { node: 'n', history: 'h' },
        { state: 'ended', incarnation: String(index).padStart(32, 'e') },
      )
    expect(subscriber.roster.size).toBeLessThanOrEqual(11)
    expect(subscriber.roster.has(identity.incarnation)).toBe(true)
  })

  it('D21: ended processes are remembered without their tables', () => {
    start()
    const history = { node: 'n', history: 'h' }
    const last = [{ table: 'A', last: 1 }]
    const ended = { state: 'ended', subscribes: ['B'] } as const
    roster(history, { ...ended, incarnation: 'd'.repeat(32), last: null })
    roster(history, { ...ended, incarnation: 'e'.repeat(32), last })
    const lists = { publishes: [], subscribes: [] }
    expect(subscriber.roster.get('d'.repeat(32))).toMatchObject({ ...lists, last: null })
    expect(subscriber.roster.get('e'.repeat(32))).toMatchObject({ ...lists, last: [] })
    expect(subscriber.roster.get(identity.incarnation)?.publishes).toEqual(['A'])
  })
})

describe('a publisher that had ended before a subscription began', () => {
  /** A frame of it comes late, and then nothing more for long enough. */
  function hearLate(ended: Partial<RosterEntry>): Application {
    publish(3)
    roster({ node: 'n', history: 'h' }, { state: 'ended', ...ended })
    const application = subscribe()
    deliver()
    pass(11_000, () => true)
    return application
  }

  it('D20: is none of it when it had left in good order, though a frame of it comes late', () => {
    const { losses, updates, events } = hearLate({ last: [{ table: 'A', last: 3 }] })
    expect({ losses, updates, events }).toEqual({ losses: [], updates: [], events: [] })
  })

  it('D20: may have been taken for dead alone, and is one when it is heard', () => {
    const { losses, updates } = hearLate({ last: null })
    expect(updates.map(({ sequence }) => sequence)).toEqual([1, 2, 3])
    expect(losses).toMatchObject([{ table: 'A', from: 4, to: null, reason: 'gone' }])
  })
})

describe('a subscription that a hop has forgotten', () => {
  /** The topics that are subscribed to, or no longer, while all of these are kept from it. */
  function topicsWithout(isForgotten: (message: Buffer) => boolean): string[] {
    subscribe(['A', 'B'])
    topics = []
    for (let index = 0; index < 200; index++) {
      now += 50
      subscriber.tick(now)
      for (const request of requests.splice(0)) publisher.onRequest(request, now)
      publisher.tick(now)
      messages = messages.filter((each) => !isForgotten(Buffer.from(each)))
      deliver()
    }
    return topics
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
    const application = subscribe()
    pass(1000)
    subscriber.onReconnected(now)
    subscriber.tick((now += 50))
    expect(kindsOf('sync')).toHaveLength(2)
    for (const request of requests.splice(0)) publisher.onRequest(request, now)
    now += 3_000
    publisher.tick(now)
    expect(messages).not.toEqual([])
    deliver()
    return application
  }

  it('D15: takes none of that for the length of the way', () => {
    const { subscription } = standStill()
    const [source] = subscription.sources.values()
    expect(source?.roundTripMs).toBeLessThanOrEqual(defaultSubscriberLimits.tickMs)
  })

  it('D16: asks again for what it misses as soon as ever', () => {
    const application = standStill()
    publish(2)
    const since = kindsOf('replay').length
    pass(100, hasUpdates)
    publish(1)
    pass(4_000, hasUpdates)
    expect(kindsOf('replay').length - since).toBeGreaterThanOrEqual(3)
    pass(5_000)
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

it('W4: what is refused is counted by its reason', () => {
  subscribe()
  const insert = JSON.stringify({ kind: 'insert', record: {} })
  for (const topic of ['table/A/', 'update/A/', 'status/x/'])
    subscriber.onMessage(Buffer.from(topic + insert), now, false)
  expect(refusals).toEqual(['bad-magic', 'bad-topic', 'bad-topic'])
})

describe('the next tick', () => {
  const { tickMs, heartbeatMs } = defaultSubscriberLimits
  /** Ready, and nothing has been said for so long that the publisher is quiet. */
  beforeEach(() => {
    start()
    subscribe()
    pass(12_500)
  })

  it('D15: comes behind the next heartbeats where all is quiet', () => {
    expect(subscriber.tick(now)).toBe(13 * heartbeatMs + tickMs / 2)
  })

  it('D15: comes when a publisher has been silent for too long, not a second later', () => {
    publish(1)
    deliver()
    const stalledAt = now + 3 * heartbeatMs
    pass(2_700, () => true)
    expect(subscriber.tick(now)).toBe(stalledAt + 1)
  })

  it('D15: comes soon while something is to be proven, or missing', () => {
    subscriber.onReconnected(now)
    expect(subscriber.tick(now)).toBe(12_500 + tickMs)
  })

  it.each<[string, () => void]>([
    ['an update', () => publish(1)],
    ['an answer to a sync of another', () => answerAnother()],
  ])('D15: is asked for by %s', (_, happens) => {
    wakes = []
    happens()
    deliver()
    expect(wakes).toContain(tickMs)
  })

  it('D15: is asked for by a heartbeat that names what has not come, and by no other', () => {
    wakes = []
    pass(3_000)
    expect(wakes).toEqual([])
    publish(1)
    messages = []
    now += 150
    publisher.tick(now)
    deliver()
    expect(Math.min(...wakes)).toBeLessThanOrEqual(tickMs)
    // The gap is open already: the heartbeat alone wants the tick.
    wakes = []
    publish(1)
    messages = []
    now += 150
    publisher.tick(now)
    deliver()
    expect(wakes).toContain(tickMs)
  })

  it('D15: is asked for by a change of the roster', () => {
    wakes = []
    roster({ node: 'n', history: 'h' })
    expect(wakes).toContain(tickMs)
  })
})

/** The publisher answers a subscriber that asks for the same table. */
function answerAnother(): void {
  const sync = { kind: 'sync', subscriber: 'c'.repeat(32), nonce: 1, sinceMs: 0 } as const
  publisher.onRequest({ ...sync, tables: ['A'], marks: ['A'], incarnations: null }, now)
  publisher.tick((now += 250))
}
