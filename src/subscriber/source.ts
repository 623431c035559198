import type { Random } from '../base/random.ts'
import type { BatchMessage, TableSequence } from '../model/message.ts'
import type { RosterEntry } from '../model/roster-entry.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import { RoundTrips } from './round-trips.ts'
import { SubscribedStream } from './subscribed-stream.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'

/**
 * The longest round trip that is believed, milliseconds: a publisher that stood still before it was ever heard answers
 * late, and that is no length of its way.
 */
const longestRoundTripMs = 4_000

/** How long an answer to a sync took, and for how much of that this process itself stood still, milliseconds. */
export interface AnswerTime {
  readonly tookMs: number
  readonly ownStallMs: number
}

type SourceLimits = Pick<
  SubscriberLimits,
  'heartbeatMs' | 'quietHeartbeatMs' | 'heartbeatsMissed' | 'syncSpreadMs'
>

/** `finished` is final; `gone` is resumable by any frame of the incarnation. */
type SourceState = 'live' | 'stalled' | 'gone' | 'finished'

/** A topic still to be proven: a table, null for "all tables", or the reply topic by its vector. */
export type Unproven = string | null | typeof replyPath
export const replyPath = Symbol('the reply topic')

/** One publisher as one subscription sees it. */
export class Source {
  readonly identity: PublisherIdentity
  readonly streams = new Map<string, SubscribedStream>()
  /** Streams with something held or lost; while there is none, batches are delivered as they come. */
  readonly pending = new Set<SubscribedStream>()
  /** The parcel that is delivered next and the stream whose part of it is missing, where it was looked for last. */
  blocked: { readonly parcel: number; readonly stream: SubscribedStream } | null = null
  /** Streams of which more is known to exist than is delivered; and others, until repair has looked at them. */
  readonly behind = new Set<SubscribedStream>()
  state: SourceState = 'live'
  /** When any frame of it was last heard; at first, when it became known. */
  heardAt: number
  #isHeard = false
  /** It publishes: its heartbeats come often. By its last batch or heartbeat. */
  isActive = false
  /** Its latest silence of more than a heartbeat: since when it was overdue, and when it was heard again. */
  #silence = { from: 0, to: 0 }
  entry: RosterEntry | null = null
  /** By its own word it takes nothing more, and what is known of its streams is all that there is. */
  saidLast = false
  /** Heard again after it was declared gone, while the roster still says so. */
  reopened = false
  /** It is gone, and can have published these tables only; null: any. */
  onlyTables: readonly string[] | null = null
  /** It is gone, and the open losses of some of its streams have not been told. */
  owesOpen = false
  /** The same for the open loss in any table, of a subscription to all. */
  owesOpenInAny = false
  /** The open loss in any table has been told, and its end has not. */
  isOpenInAny = false
  /** Tables with an open loss, but for those that have a stream, which knows by itself: one set serves all who died. */
  openTables: ReadonlySet<string> | null = null
  /** It answered a sync for all tables of the subscription: a stream that is not here yet begins at 1. */
  answeredForAll = false
  /** Topics whose path is to be proven: at first all. */
  readonly unproven = new Set<Unproven>()
  syncs = 0
  /** When it was asked last. */
  syncedAt = -Infinity
  nextSyncAt: number
  renewals = 0
  nextRenewAt = 0
  /** How long its answers to our syncs take, milliseconds, by the last ones; 0 before the first. */
  roundTripMs = 0

  /** Of its latest parcel: number, tables with their last sequences, and when a part of it came last. */
  #parcel = 0
  #manifest: readonly TableSequence[] = []
  #partAt = -Infinity
  readonly #limits: SourceLimits
  readonly #open: Set<Source>
  readonly #roundTrips: RoundTrips

  /** `open`: the sources that wait for something, to which it adds itself. `roundTrips`: of all sources. */
  constructor(
    identity: PublisherIdentity,
    limits: SourceLimits,
    now: number,
    open = new Set<Source>(),
    roundTrips = new RoundTrips(),
  ) {
    this.identity = identity
    this.#limits = limits
    this.#open = open
    this.#roundTrips = roundTrips
    this.heardAt = now
    this.nextSyncAt = now
  }

  stream(table: string): SubscribedStream {
    let stream = this.streams.get(table)
    if (!stream) {
      stream = new SubscribedStream(table)
      if (this.answeredForAll) stream.setBase(0)
      if (this.openTables?.has(table)) stream.openLoss()
      this.streams.set(table, stream)
    }
    return stream
  }

  /** Where an open loss begins in a table of which nothing is known: a sequence, or null for an unknown beginning. */
  get unheardFrom(): 1 | null {
    return this.answeredForAll ? 1 : null
  }

  /** For each stream of which it is known where it begins, up to where it was handed to the application or reported. */
  get consumed(): TableSequence[] {
    return [...this.streams.values()]
      .filter(({ base }) => base !== null)
      .map(({ table, consumed }) => ({ table, last: consumed }))
  }

  batchCame({ parcel, manifest }: BatchMessage, now: number): void {
    if (parcel < this.#parcel) return
    this.#parcel = parcel
    this.#manifest = manifest
    this.#partAt = now
  }

  /**
   * When a part of the parcel came last in which the end of the stream, as far as it is known, lies: while others
   * come, the missing ones are under way. -Infinity where it is no longer the latest parcel.
   */
  partCameAt({ table, known }: SubscribedStream): number {
    const isLatest = this.#manifest.some((each) => each.table === table && each.last === known)
    return isLatest ? this.#partAt : -Infinity
  }

  /** A frame of it has come. */
  get isHeard(): boolean {
    return this.#isHeard
  }

  get isOver(): boolean {
    return this.state === 'gone' || this.state === 'finished'
  }

  /** The roster waits for it no longer. */
  letGo(): void {
    this.entry = null
  }

  /** It has ended, or the roster waits for it no longer. */
  get isOverForGood(): boolean {
    if (this.state === 'finished') return true
    return this.state === 'gone' && (this.entry === null || this.entry.state === 'ended')
  }

  /** Looks whether the stream still has something held or lost; call it after each change of either. */
  settle(stream: SubscribedStream): void {
    if (stream.held.length === 0 && !stream.hasLost) {
      this.pending.delete(stream)
      return
    }
    this.pending.add(stream)
    this.#open.add(this)
  }

  /** The stream is known to go so far. */
  reaches(stream: SubscribedStream, last: number): void {
    stream.reaches(last)
    this.lookAt(stream)
  }

  /** Looks whether more of the stream is known to exist than is delivered; call it after each change of either. */
  lookAt(stream: SubscribedStream): void {
    if (stream.base === null || stream.next > stream.known) return
    this.behind.add(stream)
    this.#open.add(this)
  }

  /** It is gone: the open losses of its streams are to be told, when nothing of them is held. */
  owesOpenLosses(): void {
    this.owesOpen = true
    this.#open.add(this)
  }

  /** Something of it is held, missing or not told. */
  get isOpen(): boolean {
    return this.pending.size > 0 || this.behind.size > 0 || this.owesOpen
  }

  /** Nothing of it waits any more, for other updates or for the application. */
  get isSettled(): boolean {
    if (this.pending.size > 0) return false
    for (const { consumed, next } of this.streams.values()) if (consumed < next - 1) return false
    return true
  }

  /** Nothing of it is known any more but how it ended. */
  forget(): void {
    this.streams.clear()
    this.behind.clear()
    this.unproven.clear()
  }

  /** True while asking it makes sense: what is gone answers only if the roster still has it. */
  get mayAnswer(): boolean {
    if (this.state === 'finished') return false
    return this.state !== 'gone' || this.isOnRoster
  }

  get isOnRoster(): boolean {
    return this.entry?.state === 'alive' || this.entry?.state === 'leaving'
  }

  /**
   * A frame of it has come. True: it is the first, and a sync is due soon, since the one that went out
   * when it became known may have found no connection. Not while the subscription is not
   * `ready`: until then the roster shall have its time to name all who must answer.
   */
  heard(now: number, random: Random, isReady: boolean): boolean {
    const dueAt = this.heardAt + this.#heartbeatMs
    this.heardAt = now
    if (this.#isHeard) {
      if (now > dueAt) this.#silence = { from: dueAt, to: now }
      return false
    }
    this.#isHeard = true
    if (this.unproven.size === 0 || !isReady) return false
    this.nextSyncAt = Math.min(this.nextSyncAt, now + random() * this.#limits.syncSpreadMs)
    return true
  }

  get #heartbeatMs(): number {
    return this.isActive ? this.#limits.heartbeatMs : this.#limits.quietHeartbeatMs
  }

  /** Silence until then is nothing: the next heartbeat is not due, or may have been lost as others before. */
  get mayBeSilentUntil(): number {
    const { heartbeatMs, heartbeatsMissed } = this.#limits
    return this.heardAt + this.#heartbeatMs + (heartbeatsMissed - 1) * heartbeatMs
  }

  /** These topics are to be proven (again): sync soon. */
  needsProof(topics: Iterable<Unproven>, now: number, random: Random): void {
    if (this.unproven.size === 0) this.#restartSyncs(now, random)
    for (const topic of topics) this.unproven.add(topic)
  }

  needsProofAtOnce(topics: Iterable<Unproven>, now: number, random: Random): void {
    this.#restartSyncs(now, random)
    for (const topic of topics) this.unproven.add(topic)
  }

  /**
   * A sync was answered. A longer way is believed at once, a shorter one by halves. While this process stood still
   * the answer may have been here or on its way, and while the publisher was silent it may have stood still: both
   * lengths are possible, and what lies between them is no news.
   */
  answered({ tookMs, ownStallMs }: AnswerTime, now: number): void {
    const silentMs = Math.max(0, this.#silence.to - Math.max(this.#silence.from, now - tookMs))
    const most = Math.min(tookMs, longestRoundTripMs)
    const least = Math.min(tookMs - ownStallMs - silentMs, longestRoundTripMs)
    this.#roundTrips.add(Math.max(0, least))
    if (least > this.roundTripMs) this.roundTripMs = least
    else if (most < this.roundTripMs) this.roundTripMs = (this.roundTripMs + most) / 2
  }

  /**
   * A pause of at least so many milliseconds, and long enough for an answer that is under way to come: by its own
   * round trip, or where it has never answered by what the others took. On a busy machine all take long.
   */
  pauseMs(least: number): number {
    return Math.max(least, 1.5 * (this.roundTripMs || this.#roundTrips.typicalMs))
  }

  prove(topic: Unproven): void {
    this.unproven.delete(topic)
    if (this.unproven.size === 0) this.renewals = 0
  }

  /**
   * A sync of so many publishers goes out now: the next one, should it be in vain, later and later. `share`: of the
   * pause, left to chance.
   */
  synced(now: number, publishers: number, share: number, limits: SubscriberLimits): void {
    this.syncs++
    this.syncedAt = now
    const later = Math.max(limits.syncRetryMs * 1.5 ** this.syncs, limits.syncAnswerMs * publishers)
    const wait = this.pauseMs(Math.min(later, limits.syncRetryMaxMs))
    this.nextSyncAt = now + wait * share
  }

  #restartSyncs(now: number, random: Random): void {
    this.syncs = 0
    this.nextSyncAt = now + random() * this.#limits.syncSpreadMs
  }
}
