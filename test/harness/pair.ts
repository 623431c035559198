import { expect } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { Hop } from '../../src/model/hop.ts'
import type { Loss } from '../../src/model/loss.ts'
import type { Message } from '../../src/model/message.ts'
import type { PublisherIdentity } from '../../src/model/publisher-identity.ts'
import type { Request, Tables } from '../../src/model/request.ts'
import type { RosterEntry } from '../../src/model/roster-entry.ts'
import type { Update } from '../../src/model/update.ts'
import { Publisher } from '../../src/publisher/publisher.ts'
import { defaultPublisherLimits } from '../../src/publisher/publisher-limits.ts'
import { RoundTrips } from '../../src/subscriber/round-trips.ts'
import { SharedHop } from '../../src/subscriber/shared-hop.ts'
import { SubscribedTables } from '../../src/subscriber/subscribed-tables.ts'
import { defaultSubscriberLimits } from '../../src/subscriber/subscriber-limits.ts'
import type { SubscriptionEvent } from '../../src/subscriber/subscription-output.ts'
import { decodeMessage } from '../../src/wire/frames/message-codec.ts'
import { RowReader } from '../../src/wire/rows/row-reader.ts'
import { afterEachCall } from './after-each-call.ts'

export const subscriber = 'a'.repeat(32)
export const incarnation = '0'.repeat(32)
export const identity: PublisherIdentity = { node: 'n', process: 'p', instance: '', incarnation }

export interface PairLimits {
  readonly publisher?: Partial<typeof defaultPublisherLimits>
  readonly subscriber?: Partial<typeof defaultSubscriberLimits>
  readonly own?: boolean
  /** What makes updates of batches; by default one that reads everything. */
  readonly reader?: RowReader
  readonly seed?: number
  /** Commits that the publisher sent before there was a subscription. */
  readonly before?: readonly (readonly string[])[]
  /** So long before, milliseconds; 5 seconds. */
  readonly beforeMs?: number
}

const own = { name: 'own', isShared: false }
const publisherHop = { name: 'publisher', isShared: false }
/** As those of ZeroMQ. */
const hopsOfMesh: readonly Hop[] = [own, publisherHop]
const hopsOfProxy: readonly Hop[] = [
  { name: 'link', isShared: false },
  publisherHop,
  { ...own, isShared: true },
]

/** A publisher and a subscription with a wire in between that the test holds in its hands. */
export class Pair {
  now = 0
  wallClockOffset = 0
  readonly publisher: Publisher
  readonly subscription: SubscribedTables
  /** Messages on their way down. */
  wire: Message[] = []
  /** Requests that have not gone up yet. */
  readonly requests: Request[] = []
  /** All requests ever, each with its time. */
  readonly asked: { request: Request; at: number }[] = []
  readonly got: { updates: Update[]; incomplete: boolean }[] = []
  readonly losses: Loss[] = []
  /** How many losses each delivery of them had. */
  readonly lossDeliveries: number[] = []
  /** Updates and losses in the order in which they were delivered. */
  readonly order: string[] = []
  readonly events: SubscriptionEvent[] = []
  readonly wakes: { ms: number; at: number }[] = []
  readonly renewed: { hop: string; at: number }[] = []
  hasRoom = true
  isUnderHalf = true
  isReady = false
  isDirect = true
  readonly sharedHop = new SharedHop(defaultSubscriberLimits.outageMs)
  readonly #publishers: Publisher[] = []
  readonly #limits: PairLimits

  constructor(tables: Tables, limits: PairLimits = {}) {
    this.#limits = limits
    this.publisher = this.addPublisher()
    if (limits.before) {
      this.publish(...limits.before)
      this.wire = []
      this.now += limits.beforeMs ?? 5000
    }
    this.subscription = this.#newSubscription(tables)
  }

  /** One more publisher on the same wire; it takes part in `pass()`. */
  addPublisher(more: Partial<PublisherIdentity> = {}): Publisher {
    const limits = { ...defaultPublisherLimits, ...this.#limits.publisher }
    const core = new Publisher({ ...identity, ...more }, ['A'], limits, this.now)
    const publisher = afterEachCall(core, () => this.#proceed(core))
    publisher.onRegistered(['A'], this.now)
    this.#publishers.push(publisher)
    return publisher
  }

  #proceed(publisher: Publisher): void {
    if (publisher.hasNewRegistration) {
      publisher.registrationSaid()
      publisher.onRegistered(publisher.publishes, this.now)
    }
    for (let next; (next = publisher.nextMessage());) {
      const message = decodeMessage(next.bytes)
      if (message.kind === 'refused') throw new Error(message.kind)
      this.wire.push(message)
    }
  }

  #newSubscription(tables: Tables): SubscribedTables {
    let nonce = 0
    return new SubscribedTables(
      { subscriber, tables, own: this.#limits.own ?? true, roundTrips: new RoundTrips() },
      { ...defaultSubscriberLimits, ...this.#limits.subscriber },
      this.#limits.reader ?? new RowReader(),
      seededRandom(this.#limits.seed ?? 1),
      {
        request: (request) => {
          this.requests.push(request)
          this.asked.push({ request, at: this.now })
        },
        wallClock: () => this.now + this.wallClockOffset,
        nonce: () => ++nonce,
        updates: (updates, incomplete, _bytes, positions) => {
          this.got.push({ updates, incomplete })
          for (const { table, sequence } of updates) this.order.push(`${table}${sequence}`)
          for (const { stream, last } of positions) stream.consume(last)
        },
        filtered: () => undefined,
        losses: (losses, positions) => {
          this.losses.push(...losses)
          this.lossDeliveries.push(losses.length)
          for (const { table, from, to } of losses) this.order.push(`lost ${table}${from}..${to}`)
          for (const { stream, last } of positions) stream.consume(last)
        },
        hasRoom: () => this.hasRoom,
        isUnderHalf: () => this.hasRoom && this.isUnderHalf,
        ready: () => (this.isReady = true),
        wakeWithin: (ms) => this.wakes.push({ ms, at: this.now }),
        subscribeAgain: () => this.renewed.push({ hop: 'topics', at: this.now }),
        hops: () => (this.isDirect ? hopsOfMesh : hopsOfProxy),
        renew: ({ name }) => this.renewed.push({ hop: name, at: this.now }),
        heardAt: () => -Infinity,
        hasLeft: () => false,
        sharedHopBrokenMs: (since, now) => this.sharedHop.brokenMs(since, now),
        ownStallsMs: () => 0,
        event: (event) => this.events.push(event),
      },
      this.now,
    )
  }

  get received(): string[] {
    return this.got.flatMap(({ updates }) => updates.map((u) => `${u.table}${u.sequence}`))
  }

  /** How often an event of this type was told. */
  told(type: SubscriptionEvent['type']): number {
    return this.events.filter((event) => event.type === type).length
  }

  /** Requests of a kind that went out at or after `since`. */
  requestsOf<Kind extends Request['kind']>(kind: Kind, since = 0) {
    return this.asked
      .filter(({ request, at }) => request.kind === kind && at >= since)
      .map(({ request }) => request as Extract<Request, { kind: Kind }>)
  }

  /** The roster says this of a publisher; without an entry: it is settled and has nobody new. */
  roster(entry: Partial<RosterEntry> | null = {}, settled = true): void {
    const whole = {
      ...identity,
      state: 'alive',
      publishes: ['A'],
      subscribes: [],
      last: null,
      ...entry,
    } as unknown as RosterEntry
    const entries = entry === null ? [] : [whole]
    this.subscription.onRoster({ entries, histories: [], settled, unreachable: [] }, this.now)
  }

  publish(...commits: (readonly string[])[]): void {
    this.publishBy(this.publisher, ...commits)
  }

  /** Each commit is the tables of its updates; all of them are one parcel. */
  publishBy(publisher: Publisher, ...commits: (readonly string[])[]): void {
    for (const tables of commits)
      publisher.publish(
        tables.map((table, place) => ({ table, kind: 'insert', record: { place } })),
      )
    publisher.closeTurn(this.now, this.now)
  }

  /** What is on its way arrives, but for what `isLost` says. */
  deliver(isLost: (message: Message, index: number) => boolean = () => false): void {
    const wire = this.wire
    this.wire = []
    wire.forEach((message, index) => {
      if (!isLost(message, index)) this.subscription.onMessage(message, this.now)
    })
  }

  /** Time goes by; requests go up, answers come down. */
  pass(ms: number, isLost: (message: Message) => boolean = () => false): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += 50
      this.subscription.tick(this.now, 0)
      for (const request of this.requests.splice(0))
        for (const publisher of this.#publishers) publisher.onRequest(request, this.now)
      for (const publisher of this.#publishers) publisher.tick(this.now)
      this.deliver(isLost)
    }
  }

  ready(): this {
    this.roster()
    this.pass(500)
    expect(this.isReady).toBe(true)
    return this
  }
}

export const isBatch = (message: Message) => message.kind === 'batch'
export const everything = () => true
