import type { Random } from '../base/random.ts'
import type { BatchMessage, TableSequence } from '../model/message.ts'
import type { RosterEntry } from '../model/roster-entry.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import { LatestParcel } from './latest-parcel.ts'
import { none, OpenLosses } from './open-losses.ts'
import { PendingStreams } from './pending-streams.ts'
import { RenewalSchedule } from './renewal-schedule.ts'
import { type AnswerTime, RoundTrip } from './round-trip.ts'
import { RoundTrips } from './round-trips.ts'
import { Silence } from './silence.ts'
import { SubscribedStream } from './subscribed-stream.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import { SyncSchedule } from './sync-schedule.ts'

/** `finished` is final; `gone` is resumable by any frame of the incarnation. */
type SourceState = 'live' | 'stalled' | 'gone' | 'finished'

/** A topic still to be proven: a table, null for "all tables", or the reply topic by its vector. */
export type Unproven = string | null | typeof replyPath
export const replyPath = Symbol('the reply topic')

/** What is kept of what the roster says of a publisher. */
export interface SourceEntry extends Pick<RosterEntry, 'state' | 'last'> {
  readonly publishes: Iterable<string>
  /**
   * All tables that a process which died can have published: those that its node knew of. Null: nobody can name
   * them all. Who is only out of reach may publish more meanwhile.
   */
  readonly ofDead: ReadonlySet<string> | null
}

/** One publisher as one subscription sees it. */
export class Source {
  readonly identity: PublisherIdentity
  readonly syncs: SyncSchedule
  readonly renewals = new RenewalSchedule()
  readonly openLosses = new OpenLosses()
  readonly #silence: Silence
  readonly #roundTrip: RoundTrip
  readonly #latestParcel = new LatestParcel()
  readonly #open: Set<Source>
  readonly #streams = new Map<string, SubscribedStream>()
  readonly #pending = new PendingStreams()
  readonly #behind = new Set<SubscribedStream>()
  readonly #unproven = new Set<Unproven>()
  /** The parcel that is delivered next and the stream whose part of it is missing, where it was looked for last. */
  #blockedParcel = 0
  #blockedBy: SubscribedStream | null = null
  #state: SourceState = 'live'
  #entry: SourceEntry | null = null
  /** Nothing is to be told of its tables that has not been told. */
  #isEntryTold = false
  #saidLast = false
  #isReopened = false
  #hasAnsweredForAll = false

  /** `open`: the sources that wait for something, to which it adds itself. `roundTrips`: of all sources. */
  constructor(
    identity: PublisherIdentity,
    limits: SubscriberLimits,
    now: number,
    open = new Set<Source>(),
    roundTrips = new RoundTrips(),
  ) {
    this.identity = identity
    this.#open = open
    this.#silence = new Silence(limits, now)
    this.#roundTrip = new RoundTrip(roundTrips)
    this.syncs = new SyncSchedule(limits, this.#roundTrip, now)
  }

  // What is known of it.

  get state(): SourceState {
    return this.#state
  }

  /** What the roster says of it; null: nothing, or no longer, or nobody has to know since it is finished. */
  get entry(): SourceEntry | null {
    return this.#entry
  }

  /** The open losses in all tables that the roster names have been told. */
  get isEntryTold(): boolean {
    return this.#isEntryTold
  }

  /** By its own word it takes nothing more, and what is known of its streams is all that there is. */
  get saidLast(): boolean {
    return this.#saidLast
  }

  /** Heard again after it was declared gone, while the roster still says so. */
  get isReopened(): boolean {
    return this.#isReopened
  }

  /** It answered a sync for all tables of the subscription: a stream that is not here yet begins at 1. */
  get hasAnsweredForAll(): boolean {
    return this.#hasAnsweredForAll
  }

  /** Topics whose path is to be proven: at first all. */
  get unproven(): ReadonlySet<Unproven> {
    return this.#unproven
  }

  get isOver(): boolean {
    return this.#state === 'gone' || this.#state === 'finished'
  }

  /** It has ended, or the roster waits for it no longer. */
  get isOverForGood(): boolean {
    if (this.#state === 'finished') return true
    return this.#state === 'gone' && (this.#entry === null || this.#entry.state === 'ended')
  }

  /** True while asking it makes sense: what is gone answers only if the roster still has it. */
  get mayAnswer(): boolean {
    if (this.#state === 'finished') return false
    return this.#state !== 'gone' || this.isOnRoster
  }

  get isOnRoster(): boolean {
    return this.#entry?.state === 'alive' || this.#entry?.state === 'leaving'
  }

  /** When any frame of it was last heard; at first, when it became known. */
  get heardAt(): number {
    return this.#silence.heardAt
  }

  /** A frame of it has come. */
  get isHeard(): boolean {
    return this.#silence.isHeard
  }

  /** Silence until then is nothing. */
  get mayBeSilentUntil(): number {
    return this.#silence.mayLastUntil
  }

  /** How long its answers to our syncs take, milliseconds, by the last ones; 0 before the first. */
  get roundTripMs(): number {
    return this.#roundTrip.ms
  }

  /** A pause of at least so many milliseconds, and long enough for an answer of it that is under way to come. */
  pauseMs(least: number): number {
    return this.#roundTrip.pauseMs(least)
  }

  // Its streams.

  /** By table. */
  get streams(): ReadonlyMap<string, SubscribedStream> {
    return this.#streams
  }

  /** Streams with something held or lost; while there is none, batches are delivered as they come. */
  get pending(): Omit<PendingStreams, 'settle'> {
    return this.#pending
  }

  /** Streams of which more is known to exist than is delivered; and others, until repair has looked at them. */
  get behind(): ReadonlySet<SubscribedStream> {
    return this.#behind
  }

  stream(table: string): SubscribedStream {
    let stream = this.#streams.get(table)
    if (!stream) {
      stream = new SubscribedStream(table)
      if (this.#hasAnsweredForAll) stream.setBase(0)
      if (this.openLosses.toldIn.has(table)) stream.openLoss()
      this.#streams.set(table, stream)
    }
    return stream
  }

  /** Where an open loss begins in a table of which nothing is known: a sequence, or null for an unknown beginning. */
  get unheardFrom(): 1 | null {
    return this.#hasAnsweredForAll ? 1 : null
  }

  /** For each stream of which it is known where it begins, up to where it was handed to the application or reported. */
  get consumed(): TableSequence[] {
    return [...this.#streams.values()]
      .filter(({ base }) => base !== null)
      .map(({ table, consumed }) => ({ table, last: consumed }))
  }

  /** Something of it is held, missing or not told. */
  get isOpen(): boolean {
    return this.#pending.size > 0 || this.#behind.size > 0 || this.openLosses.areOwed
  }

  /** Nothing of it waits any more, for other updates or for the application. */
  get isSettled(): boolean {
    if (this.#pending.size > 0) return false
    for (const { consumed, next } of this.#streams.values()) if (consumed < next - 1) return false
    return true
  }

  /** Looks whether the stream still has something held or lost; call it after each change of either. */
  settle(stream: SubscribedStream): void {
    this.#pending.settle(stream)
    if (this.#pending.size > 0) this.#open.add(this)
  }

  /** The stream is known to go so far. */
  reaches(stream: SubscribedStream, last: number): void {
    stream.reaches(last)
    this.lookAt(stream)
  }

  /** Looks whether more of the stream is known to exist than is delivered; call it after each change of either. */
  lookAt(stream: SubscribedStream): void {
    if (stream.base === null || stream.next > stream.known) return
    this.#behind.add(stream)
    this.#open.add(this)
  }

  /** Repair has looked at a stream that was behind. */
  lookedAt(stream: SubscribedStream): void {
    if (stream.next > stream.known) this.#behind.delete(stream)
  }

  /** The parcel that is delivered next waits for its part in this stream. */
  blockedBy(stream: SubscribedStream, parcel: number): void {
    this.#blockedBy = stream
    this.#blockedParcel = parcel
  }

  unblocked(): void {
    this.#blockedBy = null
  }

  /** A batch that is held now changes nothing: it comes behind the part that is missing. */
  isBlockedFor(stream: SubscribedStream, { parcel }: BatchMessage): boolean {
    return this.#blockedBy !== null && this.#blockedBy !== stream && parcel >= this.#blockedParcel
  }

  /** While parts of the latest parcel come, those that are missing are under way: see `LatestParcel`. */
  partCameAt(stream: SubscribedStream): number {
    return this.#latestParcel.partCameAt(stream)
  }

  // What happens to it.

  /**
   * A frame of it has come. True: it is the first, and a sync is due soon, since the one that went out
   * when it became known may have found no connection. Not while the subscription is not
   * `ready`: until then the roster shall have its time to name all who must answer.
   */
  heard(now: number, random: Random, isReady: boolean): boolean {
    if (!this.#silence.heard(now) || this.#unproven.size === 0 || !isReady) return false
    this.syncs.hasten(now, random)
    return true
  }

  /** It is heard again, after it was stalled or gone: it is asked at once, for all that is missing, too. */
  cameBack(topics: Iterable<Unproven>, now: number, random: Random): void {
    if (this.#state === 'gone') this.#isReopened = true
    this.#isEntryTold = false
    for (const stream of this.#streams.values()) this.lookAt(stream)
    this.#state = 'live'
    this.needsProofAtOnce(topics, now, random)
  }

  /** By a batch, or by a heartbeat that names streams or none: it publishes, or does not. */
  publishes(isActive: boolean): void {
    this.#silence.isActiveNow(isActive)
  }

  batchCame(batch: BatchMessage, now: number): void {
    this.#latestParcel.batchCame(batch, now)
  }

  /** It has said that it takes nothing more, and all its last numbers are known. */
  lastNumbersCame(): void {
    this.#saidLast = true
  }

  /** The roster says something of it: it is asked, if it could not have answered before. */
  entryCame(entry: SourceEntry, topics: Iterable<Unproven>, now: number, random: Random): void {
    if (this.#state === 'finished') return
    const couldAnswer = this.mayAnswer && this.#entry?.state !== 'gone'
    this.#entry = entry
    this.#isEntryTold = false
    if (!couldAnswer && this.isOnRoster) this.needsProof(topics, now, random)
  }

  entryTold(): void {
    this.#isEntryTold = true
  }

  /** The roster calls it alive. */
  calledAlive(): void {
    this.#isReopened = false
  }

  /** The roster waits for it no longer. */
  letGo(): void {
    this.#entry = null
  }

  /** This process stood still for so long: it is not charged for that. */
  stoodStill(ms: number, now: number): void {
    this.#silence.stoodStill(ms, now)
  }

  /** It is silent for too long: its path is made anew. */
  stalled(now: number): void {
    this.#state = 'stalled'
    this.renewals.stalled(now)
  }

  /** It lives no longer, or cannot be heard: its open losses are to be told. `isOfAll`: to a subscription to all tables. */
  gone(isOfAll: boolean): void {
    this.#state = 'gone'
    // Who is heard after its node took it for dead has told nobody what it publishes since then.
    const tables = this.#entry && !this.#isReopened ? this.#entry.ofDead : null
    this.#isReopened = false
    // All that it has published has a stream where it has said its last numbers.
    this.openLosses.owe(this.#saidLast ? none : tables, isOfAll)
    this.#open.add(this)
  }

  /** It has ended, and all is known of how. */
  finished(): void {
    this.#state = 'finished'
    this.#entry = null
    this.openLosses.oweNone()
  }

  /** Nothing is asked of it any more: it is asked for all when it is heard, or on the roster, again. */
  restsUnasked(): void {
    this.#unproven.clear()
    this.#behind.clear()
  }

  /** Nothing of it is known any more but how it ended. */
  forget(): void {
    this.#streams.clear()
    this.restsUnasked()
  }

  /** These topics are to be proven (again): sync soon. */
  needsProof(topics: Iterable<Unproven>, now: number, random: Random): void {
    if (this.#unproven.size === 0) this.syncs.restart(now, random)
    for (const topic of topics) this.#unproven.add(topic)
  }

  needsProofAtOnce(topics: Iterable<Unproven>, now: number, random: Random): void {
    this.syncs.restart(now, random)
    for (const topic of topics) this.#unproven.add(topic)
  }

  prove(topic: Unproven): void {
    this.#unproven.delete(topic)
    if (this.#unproven.size === 0) this.renewals.proven()
  }

  /** A sync was answered: see `RoundTrip`. */
  answered(time: AnswerTime, now: number): void {
    this.#roundTrip.answered(time, this.#silence.overdueMs(time.tookMs, now))
  }

  /** An ask for a gap was answered within so many milliseconds: see `RoundTrip`. */
  cameWithin(ms: number): void {
    this.#roundTrip.cameWithin(ms)
  }

  /** A sync was answered for all tables of the subscription. */
  answeredForAll(): void {
    this.#hasAnsweredForAll = true
  }
}
