import { Deque } from '../base/deque.ts'
import { nextCommonTime } from '../base/common-time.ts'
import type { Random } from '../base/random.ts'
import type { Hop } from '../model/hop.ts'
import type { Message } from '../model/message.ts'
import type { Tables } from '../model/request.ts'
import {
  isFinal,
  type RosterChange,
  type RosterEntry,
  withoutTables,
} from '../model/roster-entry.ts'
import { allStatusTopic, allUpdatesTopic, replyTopic, updateTopic } from '../model/topic.ts'
import { RowReader } from '../wire/rows/row-reader.ts'
import { type AwaitedCommit, AwaitedCommits } from './awaited-commits.ts'
import { Confirmations } from './confirmations.ts'
import { OwnStalls } from './own-stalls.ts'
import { RoundTrips } from './round-trips.ts'
import { Selection, type TableSelection } from './selection.ts'
import { SharedHop } from './shared-hop.ts'
import { SignsOfLife } from './signs-of-life.ts'
import type { SubscriberAction } from './subscriber-action.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import { SubscribedTables } from './subscribed-tables.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

/** What the subscribing side of a process asks of its surroundings. */
interface Surroundings {
  /** What can be made anew on the way from a publisher, in the order in which it is to be tried. */
  hops(incarnation: string): readonly Hop[]
  /** Milliseconds since the epoch: a step of it shows how long this machine was suspended. */
  wallClock(): number
}

/** Where a subscription's deliveries go. */
export type SubscriptionSink = Pick<
  SubscriptionOutput,
  'updates' | 'filtered' | 'losses' | 'hasRoom' | 'isUnderHalf' | 'ready' | 'event'
>

interface OpenSubscription {
  readonly subscription: SubscribedTables
  readonly sink: SubscriptionSink
  /** null: all updates, as they are. */
  readonly selection: Selection | null
  readonly awaited: AwaitedCommits
}

/**
 * The subscribing side of one process: gives each message that comes to the subscriptions that it concerns; keeps the topics, the roster and the one budget of held bytes.
 */
export class Subscriber {
  readonly #id: string
  readonly #limits: SubscriberLimits
  readonly #random: Random
  readonly #around: Surroundings
  /** To be done, in this order. */
  readonly #actions = new Deque<SubscriberAction>()
  /** `tick()` is wanted so many milliseconds from now at the latest. */
  #wakeWithinMs = Infinity
  readonly #reader = new RowReader()
  readonly #entries = new Set<OpenSubscription>()
  readonly #byTable = new Map<string, OpenSubscription[]>()
  readonly #topics = new Map<string, number>()
  readonly #roster = new Map<string, RosterEntry>()
  readonly #histories = new Map<string, string>()
  readonly #confirmations: Confirmations
  readonly #signs: SignsOfLife
  readonly #stalls: OwnStalls
  readonly #sharedHop: SharedHop
  readonly #roundTrips = new RoundTrips()
  #settled = false
  #unreachable: readonly string[] = []
  #nonce = 0
  /** A subscription has wanted a tick since the last one. */
  #isAwake = false

  constructor(
    id: string,
    limits: SubscriberLimits,
    random: Random,
    around: Surroundings,
    now: number,
  ) {
    this.#id = id
    this.#limits = limits
    this.#random = random
    this.#around = around
    this.#stalls = new OwnStalls(limits.tickMs, now)
    this.#sharedHop = new SharedHop(limits.outageMs)
    this.#confirmations = new Confirmations(id, {
      request: (request) => this.#do({ type: 'request', request }),
    })
    this.#signs = new SignsOfLife(limits.tombstones)
  }

  /** The next that is to be done now. */
  nextAction(): SubscriberAction | undefined {
    return this.#actions.shift()
  }

  /** So many milliseconds from now `tick()` is wanted at the latest; Infinity: as it said last. */
  takeWake(): number {
    const ms = this.#wakeWithinMs
    this.#wakeWithinMs = Infinity
    return ms
  }

  get roster(): ReadonlyMap<string, RosterEntry> {
    return this.#roster
  }

  /** Union of the tables of all subscriptions. */
  get tables(): Tables {
    const tables = new Set<string>()
    for (const { subscription } of this.#entries) {
      if (subscription.tables === '*') return '*'
      for (const table of subscription.tables) tables.add(table)
    }
    return [...tables]
  }

  get heldBytes(): number {
    let bytes = 0
    for (const { subscription } of this.#entries) bytes += subscription.heldBytes
    return bytes
  }

  /** True for a topic that a subscription of this process listens to. */
  listensTo(topic: string): boolean {
    if (this.#topics.size === 0) return false
    if (this.#topics.has(topic) || topic.startsWith(allStatusTopic)) return true
    return this.#topics.has(allUpdatesTopic) && topic.startsWith(allUpdatesTopic)
  }

  /** `select`: what is wanted of a table; null: everything of every table. */
  add(
    tables: Tables,
    own: boolean,
    sink: SubscriptionSink,
    now: number,
    select: ((table: string) => TableSelection) | null = null,
  ): SubscribedTables {
    const selection = select && new Selection(select, this.#reader)
    const subscription = new SubscribedTables(
      { subscriber: this.#id, tables, own, roundTrips: this.#roundTrips },
      this.#limits,
      selection ?? this.#reader,
      this.#random,
      this.#outputOf(sink),
      now,
    )
    const awaited = new AwaitedCommits(subscription, this.#limits.goneAfterMs, {
      // Nothing of our own comes to who does not want it.
      hasEnded: (incarnation) =>
        (!own && incarnation === this.#id) || this.#roster.get(incarnation)?.state === 'ended',
      behindDelivered: (commit) => sink.updates([], false, 0, [{ stream: commit, last: 0 }]),
    })
    const entry: OpenSubscription = { sink, selection, subscription, awaited }
    this.#entries.add(entry)
    this.#byTable.clear()
    for (const topic of this.#topicsOf(tables)) this.#retainTopic(topic)
    const known = {
      entries: [...this.#roster.values()],
      histories: [],
      settled: this.#settled,
      unreachable: this.#unreachable,
    }
    entry.subscription.onRoster(known, now)
    return entry.subscription
  }

  #outputOf(sink: SubscriptionSink): SubscriptionOutput {
    return {
      ...sink,
      ready: () => {
        sink.ready()
        this.#confirmations.progressed(this.#subscriptions())
      },
      request: (request) => this.#do({ type: 'request', request }),
      wallClock: () => this.#around.wallClock(),
      nonce: () => ++this.#nonce,
      subscribeAgain: (topics) => this.#subscribeAgain(topics),
      hops: (incarnation) => this.#around.hops(incarnation),
      renew: (hop, incarnation) => this.#do({ type: 'renew', hop, incarnation }),
      heardAt: (incarnation) => this.#signs.at(incarnation),
      hasLeft: (incarnation) => this.#hasLeft(incarnation),
      sharedHopBrokenMs: (since, at) => this.#sharedHop.brokenMs(since, at),
      ownStallsMs: (at) => this.#stalls.totalMs(at),
      wakeWithin: (ms) => this.#wakeWithin(ms),
    }
  }

  /** Somebody waits for a commit in this subscription. */
  await(subscription: SubscribedTables, commit: AwaitedCommit, now: number): void {
    for (const entry of this.#entries)
      if (entry.subscription === subscription) entry.awaited.add(commit, now)
    this.#wakeWithin(this.#limits.tickMs)
  }

  remove(subscription: SubscribedTables): void {
    for (const entry of this.#entries) {
      if (entry.subscription !== subscription) continue
      subscription.end()
      this.#entries.delete(entry)
      this.#byTable.clear()
      for (const topic of this.#topicsOf(subscription.tables)) this.#releaseTopic(topic)
    }
  }

  /** `isOwn`: given to us by our own publisher, not the network. */
  onMessage(message: Message, now: number, isOwn: boolean): void {
    // Our own updates come back over the network: they have been delivered directly.
    if (isOwn || message.publisher.incarnation !== this.#id) this.#route(message, now)
  }

  onRoster(change: RosterChange, now: number): void {
    this.#settled ||= change.settled
    this.#unreachable = change.unreachable
    // A roster out of an old file says again that somebody leaves who has ended: nothing would follow that.
    const entries = change.entries.filter(({ incarnation }) => !this.#hasLeft(incarnation))
    for (const entry of entries) {
      const isOver = entry.state === 'ended'
      this.#roster.set(entry.incarnation, isOver ? withoutTables(entry) : entry)
      if (isOver) this.#confirmations.forget(entry.incarnation)
    }
    for (const incarnation of change.letGo ?? []) {
      this.#roster.delete(incarnation)
      this.#confirmations.forget(incarnation)
    }
    if (this.#isLost(change))
      for (const { subscription } of this.#entries) subscription.onRosterLost()
    this.#forgetEnded()
    const news = { ...change, entries }
    for (const { subscription, awaited } of this.#entries) {
      subscription.onRoster(news, now)
      awaited.check(now)
    }
    this.#wakeWithin(this.#limits.tickMs)
  }

  /** A connection on which updates come was made again. */
  onReconnected(now: number): void {
    for (const { subscription } of this.#entries) subscription.resync(now)
  }

  /** The connection that publishers share has broken, or stands again. */
  onSharedHop(stands: boolean, now: number): void {
    this.#sharedHop.stands(stands, now)
  }

  /** The application has taken deliveries: confirm what was asked for, go on where there is room. */
  onConsumed(subscription: SubscribedTables, now: number): void {
    this.#confirmations.progressed(this.#subscriptions())
    subscription.onRoom(now)
    for (const entry of this.#entries)
      if (entry.subscription === subscription) entry.awaited.check(now)
  }

  /** Returns when it is due again: soon, or where all is quiet together with what the publishers say then. */
  tick(now: number): number {
    const { tickMs, heartbeatMs } = this.#limits
    const ownStallMs = this.#stalls.tick(now)
    if (ownStallMs > 0) this.#signs.stoodStill(ownStallMs, now)
    this.#isAwake = false
    // Heartbeats are heard by then: what is found silent, and made anew, takes none of them that is under way.
    const behindMs = tickMs / 2
    let quietUntil = nextCommonTime(now, heartbeatMs, behindMs)
    for (const { subscription, awaited } of this.#entries) {
      subscription.tick(now, ownStallMs)
      awaited.check(now)
      quietUntil = Math.min(quietUntil, subscription.quietUntil())
    }
    const soon = nextCommonTime(now, tickMs, behindMs)
    if (this.#isAwake || quietUntil <= soon) return soon
    this.#stalls.nextTickAt(quietUntil)
    return quietUntil
  }

  /** It is not quiet any more: a tick was asked for. */
  onWake(now: number): void {
    this.#stalls.wake(now)
  }

  #hasLeft(incarnation: string): boolean {
    const entry = this.#roster.get(incarnation)
    return entry !== undefined && isFinal(entry)
  }

  #do(action: SubscriberAction): void {
    this.#actions.push(action)
  }

  #wakeWithin(ms: number): void {
    this.#isAwake = true
    this.#wakeWithinMs = Math.min(this.#wakeWithinMs, ms)
  }

  /** Publishers may have come and gone unseen: a node's roster began anew, or has forgotten them. */
  #isLost({ histories, forgot }: RosterChange): boolean {
    let isAnother = false
    for (const { node, history } of histories) {
      const known = this.#histories.get(node)
      this.#histories.set(node, history)
      if (known !== undefined && known !== history) isAnother = true
    }
    return isAnother || forgot === true
  }

  #subscriptions(): SubscribedTables[] {
    return [...this.#entries].map(({ subscription }) => subscription)
  }

  #route(message: Message, now: number): void {
    this.#signs.heard(message.publisher.incarnation, now)
    if (message.kind !== 'heartbeat') this.#wakeWithin(this.#limits.tickMs)
    const isOneTable = message.kind === 'batch' && message.manifest.length === 1
    const entries = isOneTable ? this.#wanting(message.table) : this.#entries
    for (const entry of entries) {
      entry.subscription.onMessage(message, now)
      this.#keepBudget(entry)
      entry.awaited.check(now)
    }
    if (message.kind === 'heartbeat' && message.confirm)
      this.#confirmations.asked(
        message.publisher.incarnation,
        message.streams,
        this.#subscriptions(),
      )
  }

  #wanting(table: string): OpenSubscription[] {
    let entries = this.#byTable.get(table)
    if (!entries) {
      entries = [...this.#entries].filter(({ subscription }) => subscription.wants(table))
      this.#byTable.set(table, entries)
    }
    return entries
  }

  /** Who holds most lets go first: what waits for a slow application must not cost the others theirs, again and again. */
  #keepBudget(entry: OpenSubscription): void {
    if (entry.subscription.heldBytes === 0) return
    let over = this.heldBytes - this.#limits.heldBytes
    if (over <= 0) return
    const all = [...this.#entries].map(({ subscription }) => subscription)
    for (const each of all.toSorted((one, other) => other.heldBytes - one.heldBytes)) {
      each.letGo(Math.max(0, each.heldBytes - over))
      over = this.heldBytes - this.#limits.heldBytes
      if (over <= 0) return
    }
  }

  #subscribeAgain(topics: readonly (string | null)[]): void {
    const prefixes = [
      allStatusTopic, // No answer proves it: without heartbeats a publisher is silent whenever it is not asked.
      replyTopic(this.#id),
      ...topics.map((table) => (table === null ? allUpdatesTopic : updateTopic(table))),
    ]
    for (const topic of prefixes) {
      this.#do({ type: 'unsubscribe', topic })
      this.#do({ type: 'subscribe', topic })
    }
  }

  #topicsOf(tables: Tables): string[] {
    const updates = tables === '*' ? [allUpdatesTopic] : tables.map(updateTopic)
    return [allStatusTopic, replyTopic(this.#id), ...updates]
  }

  #retainTopic(topic: string): void {
    const count = this.#topics.get(topic) ?? 0
    this.#topics.set(topic, count + 1)
    if (count === 0) this.#do({ type: 'subscribe', topic })
  }

  #releaseTopic(topic: string): void {
    const count = this.#topics.get(topic) ?? 0
    if (count > 1) {
      this.#topics.set(topic, count - 1)
      return
    }
    this.#topics.delete(topic)
    this.#do({ type: 'unsubscribe', topic })
  }

  /** GENESIS_CLUSTER forgets ended processes after 10 minutes; here a cap does it. */
  #forgetEnded(): void {
    if (this.#roster.size <= this.#limits.tombstones) return
    for (const [incarnation, { state }] of this.#roster) {
      if (this.#roster.size <= this.#limits.tombstones) return
      if (state === 'ended') this.#roster.delete(incarnation)
    }
  }
}
