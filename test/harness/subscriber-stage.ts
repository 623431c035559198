import { assert } from '../../src/base/assertion.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { Loss } from '../../src/model/loss.ts'
import type { Request, Tables } from '../../src/model/request.ts'
import type { RosterChange, RosterEntry } from '../../src/model/roster-entry.ts'
import type { Update } from '../../src/model/update.ts'
import { Publisher } from '../../src/publisher/publisher.ts'
import { defaultPublisherLimits } from '../../src/publisher/publisher-limits.ts'
import { Subscriber } from '../../src/subscriber/subscriber.ts'
import { defaultSubscriberLimits } from '../../src/subscriber/subscriber-limits.ts'
import type { SubscribedStream } from '../../src/subscriber/subscribed-stream.ts'
import type { SubscribedTables } from '../../src/subscriber/subscribed-tables.ts'
import type { SubscriptionEvent } from '../../src/subscriber/subscription-output.ts'
import { decodeMessage } from '../../src/wire/frames/message-codec.ts'
import { afterEachCall } from './after-each-call.ts'
import { identity, subscriber as id } from './pair.ts'

/** What one application gets; it hands over at once unless it is told to keep its deliveries. */
export class Application {
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

type IsLost = (message: Uint8Array) => boolean

/** A subscriber of a process, and a publisher of table A that it hears: time and the wire are the test's. */
export class SubscriberStage {
  now = 0
  /** Requests that have not gone up yet. */
  requests: Request[] = []
  /** All of them ever. */
  readonly asked: Request[] = []
  /** Topics subscribed to, `+`, and left, `-`. */
  topics: string[] = []
  /** Messages on their way down. */
  messages: Uint8Array[] = []
  wakes: number[] = []
  readonly subscriber: Subscriber
  readonly publisher: Publisher

  constructor(limits: Partial<typeof defaultSubscriberLimits> = {}) {
    const all = { ...defaultSubscriberLimits, ...limits }
    const around = { hops: () => [], wallClock: () => 77 }
    const core = new Subscriber(id, all, seededRandom(1), around, 0)
    this.subscriber = afterEachCall(core, () => this.#proceed(core))
    this.publisher = this.newPublisher(identity)
    this.publisher.onRegistered(['A'], 0)
    this.roster({ node: 'n', history: 'h' })
  }

  newPublisher(as: typeof identity): Publisher {
    const core = new Publisher(as, ['A'], defaultPublisherLimits, 0)
    return afterEachCall(core, () => {
      if (core.hasNewRegistration) {
        core.registrationSaid()
        core.onRegistered(core.publishes, 0)
      }
      for (let next; (next = core.nextMessage());) this.messages.push(next.bytes)
    })
  }

  roster(history: { node: string; history: string }, more: Partial<RosterEntry> = {}): void {
    const entry = { ...identity, state: 'alive', publishes: ['A'], subscribes: [], last: null }
    const change = {
      entries: [{ ...entry, ...more }],
      histories: [history],
      settled: true,
      unreachable: [],
    }
    this.subscriber.onRoster(change as unknown as RosterChange, this.now)
  }

  subscribe(tables: Tables = ['A'], own = true): Application {
    const application = new Application()
    application.subscription = this.subscriber.add(tables, own, application.sink, this.now)
    return application
  }

  /** So many commits of one update, each a parcel. */
  publish(count: number): void {
    for (let index = 0; index < count; index++) {
      this.publisher.publish({ table: 'A', kind: 'insert', record: { note: 'x'.repeat(100) } })
      this.publisher.closeTurn(this.now, this.now)
    }
  }

  /** What is on its way down arrives, but for what `isLost` says. */
  deliver(isLost: IsLost = () => false): void {
    for (const each of this.messages.splice(0)) if (!isLost(each)) this.take(each)
  }

  /** A message has come: from the network, or from our own publisher. */
  take(bytes: Uint8Array, isOwn = false): void {
    const message = decodeMessage(bytes)
    assert(message.kind !== 'refused', 'what publishers send is no message to refuse')
    this.subscriber.onMessage(message, this.now, isOwn)
  }

  /** Time goes by; requests go up, answers come down. */
  pass(ms: number, isLost?: IsLost): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += 50
      this.subscriber.tick(this.now)
      for (const request of this.requests.splice(0)) this.publisher.onRequest(request, this.now)
      this.publisher.tick(this.now)
      this.deliver(isLost)
    }
  }

  kindsOf(kind: Request['kind']): Request[] {
    return this.asked.filter((request) => request.kind === kind)
  }

  #proceed(core: Subscriber): void {
    for (let action; (action = core.nextAction());)
      if (action.type === 'request') {
        this.requests.push(action.request)
        this.asked.push(action.request)
      } else if (action.type === 'subscribe') this.topics.push(`+${action.topic}`)
      else if (action.type === 'unsubscribe') this.topics.push(`-${action.topic}`)
    const wakeMs = core.takeWake()
    if (wakeMs !== Infinity) this.wakes.push(wakeMs)
  }
}
