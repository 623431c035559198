import type { Random } from '../base/random.ts'
import type {
  BatchMessage,
  HeartbeatMessage,
  MarkMessage,
  Message,
  RefusalMessage,
  TableSequence,
  VectorMessage,
} from '../model/message.ts'
import type { Tables } from '../model/request.ts'
import { mayHavePublished, type RosterChange, type RosterEntry } from '../model/roster-entry.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import { Bases } from './bases.ts'
import { Beginning } from './beginning.ts'
import { Endings } from './endings.ts'
import { GapRepair } from './gap-repair.ts'
import { LossGathering } from './loss-gathering.ts'
import { ParcelDelivery } from './parcel-delivery.ts'
import { PathRenewal } from './path-renewal.ts'
import { Readiness } from './readiness.ts'
import { SilenceWatch } from './silence-watch.ts'
import type { BatchReader } from './selection.ts'
import { replyPath, type Source, type Unproven } from './source.ts'
import { Sources } from './sources.ts'
import { lastOf } from './subscribed-stream.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscribedTablesOptions } from './subscribed-tables-options.ts'
import type { SubscriptionOutput } from './subscription-output.ts'
import { Syncs } from './syncs.ts'
import { WantedTables } from './wanted-tables.ts'

/**
 * One subscription: for each publisher it keeps what is owed, in order and whole, and proves the paths. A state machine
 * without clocks or sockets: time comes in as `now`, everything it does goes out through its output.
 */
export class SubscribedTables {
  readonly tables: Tables
  readonly #options: SubscribedTablesOptions
  readonly #limits: SubscriberLimits
  readonly #random: Random
  readonly #output: SubscriptionOutput
  readonly #wanted: WantedTables
  readonly #topics: readonly Unproven[]
  readonly #beginning: Beginning
  readonly #sources: Sources
  readonly #losses: LossGathering
  readonly #bases: Bases
  readonly #syncs: Syncs
  readonly #delivery: ParcelDelivery
  readonly #endings: Endings
  readonly #repair: GapRepair
  readonly #renewal: PathRenewal
  readonly #readiness: Readiness
  readonly waitingFor = (): string[] => this.#readiness.missing()
  readonly #silence: SilenceWatch
  #isBusy = false
  #hasRoomAgain = false
  #isEnded = false

  constructor(
    options: SubscribedTablesOptions,
    limits: SubscriberLimits,
    reader: BatchReader,
    random: Random,
    output: SubscriptionOutput,
    now: number,
  ) {
    this.#options = options
    this.tables = options.tables
    this.#wanted = new WantedTables(options.tables)
    this.#limits = limits
    this.#random = random
    this.#output = output
    this.#topics = [replyPath, ...(this.tables === '*' ? [null] : this.tables)]
    this.#sources = new Sources(limits, options.roundTrips)
    this.#losses = new LossGathering(output)
    const gathered = this.#losses.output
    this.#delivery = new ParcelDelivery((table) => this.wants(table), reader, gathered)
    this.#endings = new Endings(this.#wanted, this.#delivery, gathered)
    this.#bases = new Bases(this.#wanted, now, limits, this.#delivery, gathered)
    this.#beginning = new Beginning(now, () => output.wallClock(), limits.clockDriftPerMille)
    this.#syncs = new Syncs(options, limits, random, output, this.#beginning)
    this.#repair = new GapRepair(options.subscriber, options.tables, limits, random, output)
    this.#renewal = new PathRenewal(limits, output)
    this.#silence = new SilenceWatch(options.subscriber, limits, this.#endings, output)
    this.#readiness = new Readiness(this.#sources.all, limits, output)
  }

  get isReady(): boolean {
    return this.#readiness.isReady
  }

  get heldBytes(): number {
    return this.#delivery.heldBytes
  }

  get sources(): ReadonlyMap<string, Source> {
    return this.#sources.all
  }

  wants(table: string): boolean {
    return this.#wanted.has(table)
  }

  /** Lets the newest held parcels go until no more than `bytes` are held: they become gaps again, or losses. */
  letGo(bytes: number): void {
    this.#endings.letGo(this.#sources.open, bytes)
    this.#losses.flush()
  }

  /** Nothing more is delivered, asked for or told. */
  end(): void {
    this.#isEnded = true
  }

  onMessage(message: Message, now: number): void {
    if (this.#isEnded) return
    this.#isBusy = true
    this.#take(message, now)
    this.#endCall(now)
  }

  #take(message: Message, now: number): void {
    const { incarnation } = message.publisher
    if (!this.#options.own && incarnation === this.#options.subscriber) return
    const source = this.#sources.get(incarnation) ?? this.#firstHeard(message.publisher, now)
    if (!source || source.state === 'finished') return
    this.#heard(source, now)
    switch (message.kind) {
      case 'batch':
        source.publishes(true)
        return this.#onBatch(source, message, now)
      case 'vector':
        return this.#onVector(source, message, now)
      case 'mark':
        return this.#onMark(source, message, now)
      case 'refusal':
        return this.#onRefusal(source, message, now)
      case 'heartbeat':
        return this.#onHeartbeat(source, message, now)
      case 'leaving':
        this.#bases.noteLast(source, message.streams)
        return this.#notice(source, message.streams, now)
      case 'replay':
        this.#repair.answered(source, message.nonce, now)
        for (const batch of message.batches) this.#onReplay(source, batch, now)
    }
  }

  onRoster(change: RosterChange, now: number): void {
    if (this.#isEnded) return
    this.#isBusy = true
    for (const entry of change.entries) this.#onEntry(entry, now)
    for (const each of change.letGo ?? []) this.#sources.get(each)?.letGo()
    this.#readiness.onRoster(change, now)
    this.#endCall(now)
  }

  /** A node's roster began anew, or has forgotten what we have not seen: publishers may have come and gone. */
  onRosterLost(): void {
    if (!this.isReady) return
    const anything = { table: null, publisher: null, from: null, to: null } as const
    this.#losses.losses([{ ...anything, reason: 'roster-lost' }], [])
    if (!this.#isBusy) this.#losses.flush()
  }

  /** A connection was made again: whatever was sent meanwhile is found by asking everybody. */
  resync(now: number): void {
    for (const source of this.#sources.all.values())
      if (source.mayAnswer) source.needsProofAtOnce(this.#topics, now, this.#random)
    this.#output.wakeWithin(this.#limits.syncSpreadMs)
  }

  /**
   * There is room again in the application's queue. It may be told from within one of our own
   * deliveries: then what it allows is done when that has come to its end.
   */
  onRoom(now: number): void {
    if (this.#isEnded) return
    if (this.#isBusy) {
      this.#hasRoomAgain = true
      return
    }
    this.#isBusy = true
    for (const source of this.#sources.open) {
      if (source.pending.size > 0) this.#delivery.deliver(source)
      if (source.openLosses.areOwed) this.#endings.tellOpen(source)
      if (source.mayAnswer && this.#output.isUnderHalf()) this.#repair.tickAll(source, now)
      this.#sources.settled(source)
    }
    this.#losses.flush()
    this.#isBusy = false
  }

  /** `ownStallMs`: how long this process itself stood still; nobody else is charged for it. */
  tick(now: number, ownStallMs: number): void {
    if (this.#isEnded) return
    this.#isBusy = true
    if (ownStallMs > 0) this.#sources.stoodStill(ownStallMs, now)
    if (ownStallMs > 2 * this.#limits.heartbeatMs) this.resync(now)
    for (const source of this.#sources.all.values()) this.#tickSource(source, now)
    for (const source of this.#sources.open) this.#sources.settled(source)
    this.#sources.forgetEnded()
    this.#syncs.send(this.#sources.all.values(), now)
    this.#readiness.tick(now)
    this.#endCall(now)
  }

  /** Until when nothing but the word of a publisher gives it anything to do; 0: there is something to do. */
  quietUntil(): number {
    if (!this.isReady || this.#sources.open.size > 0) return 0
    return this.#silence.quietUntil(this.#sources.all.values())
  }

  #endCall(now: number): void {
    this.#losses.flush()
    this.#isBusy = false
    if (!this.#hasRoomAgain) return
    this.#hasRoomAgain = false
    if (this.#sources.hasPending) this.onRoom(now)
  }

  /** For each stream, up to where it was handed to the application or reported. */
  confirmed(incarnation: string): TableSequence[] {
    // What came before it is ready it may never get, and is not owed.
    return (this.isReady ? this.#sources.get(incarnation)?.consumed : undefined) ?? []
  }

  /** The same for one stream; -Infinity: nothing of it is known, or it may not be owed. */
  confirmedIn(incarnation: string, table: string): number {
    const stream = this.isReady ? this.#sources.get(incarnation)?.streams.get(table) : undefined
    return stream && stream.base !== null ? stream.consumed : -Infinity
  }

  /** Null: it had left in good order before this subscription began, and a frame of it comes late. */
  #firstHeard(identity: PublisherIdentity, now: number): Source | null {
    return this.#output.hasLeft(identity.incarnation) ? null : this.#sourceOf(identity, now)
  }

  #sourceOf(identity: PublisherIdentity, now: number): Source {
    let source = this.#sources.get(identity.incarnation)
    if (!source) {
      source = this.#sources.add(identity, now)
      source.needsProof(this.#topics, now, this.#random)
      this.#output.wakeWithin(this.#limits.syncSpreadMs)
    }
    return source
  }

  #heard(source: Source, now: number): void {
    if (source.heard(now, this.#random, this.isReady))
      this.#output.wakeWithin(this.#limits.syncSpreadMs)
    if (source.state === 'live') return
    source.cameBack(this.#topics, now, this.#random)
    this.#output.wakeWithin(this.#limits.syncSpreadMs)
    this.#output.event({ type: 'publisher-live', publisher: source.identity })
  }

  #onEntry(entry: RosterEntry, now: number): void {
    const isOver = entry.state === 'ended' || entry.state === 'gone'
    // Whoever is told that it has ended itself lives: nothing of it is lost to it.
    if (entry.incarnation === this.#options.subscriber && (isOver || !this.#options.own)) return
    let source = this.#sources.get(entry.incarnation)
    if (!source) {
      // Whoever had ended before this subscription began owes it nothing.
      if (entry.state === 'ended' && !this.#readiness.isAsking) return
      if (this.#beginning.isAfterEndOf(entry, now)) return
      if (entry.publishes.length === 0 && !(isOver && entry.last) && !mayHavePublished(entry))
        return
      source = this.#sourceOf(entry, now)
    }
    source.entryCame(this.#endings.kept(entry), this.#topics, now, this.#random)
    if (entry.last && source.state !== 'finished') this.#bases.noteLast(source, entry.last)
    if (source.isHeard || !this.#beginning.isAfterEndOf(entry, now)) this.#afterEntry(source)
    else this.#endings.endUnowed(source, this.#sources)
  }

  #afterEntry(source: Source): void {
    const { entry } = source
    if (!entry || source.state === 'finished') return
    if (entry.state === 'alive') source.calledAlive()
    if (entry.state !== 'ended') return
    if (entry.last) this.#endings.finish(source)
    else if (source.state !== 'gone') {
      if (!source.isReopened) this.#endings.gone(source)
    } else if (this.#endings.knowsMoreThanTold(source)) this.#endings.gone(source)
  }

  #onBatch(source: Source, batch: BatchMessage, now: number): void {
    source.batchCame(batch, now)
    if (!this.wants(batch.table)) {
      if (batch.manifest.length > 1) this.#bases.noteKnown(source, batch.manifest)
      return
    }
    const stream = source.stream(batch.table)
    const last = lastOf(batch)
    if (!this.#bases.isSane(stream, last)) {
      source.needsProof(this.#topics, now, this.#random)
      return
    }
    stream.batchCame(batch)
    if (batch.manifest.length > 1 || batch.manifest[0]?.last !== last)
      this.#bases.noteKnown(source, batch.manifest)
    this.#delivery.take(source, stream, batch)
    source.lookAt(stream)
    if (stream.held.length > 0) this.#repair.notice(stream, now)
  }

  #onReplay(source: Source, batch: BatchMessage, now: number): void {
    this.#onBatch(source, batch, now)
    if (this.wants(batch.table)) this.#repair.advanced(source, source.stream(batch.table), now)
    this.#notice(source, batch.manifest, now)
  }

  #onVector(source: Source, vector: VectorMessage, now: number): void {
    if (!this.#syncs.isOurs(vector.nonce)) return
    const took = this.#syncs.took(vector.nonce, now)
    source.answered(took, now)
    source.prove(replyPath)
    // Before `ready` all is owed from the vector on; where it ends an open loss in any table, all since the beginning.
    const isOwed = this.isReady || source.openLosses.isToldInAny
    const sawAll = !isOwed || this.#syncs.sawTheBeginning(vector.nonce, now)
    const answer = { isOwed, sawAll, askedAt: now - took.tookMs, now }
    if (!this.#bases.takeVector(source, vector, answer))
      source.needsProof([replyPath], now, this.#random)
    this.#delivery.deliver(source)
    for (const stream of source.behind) this.#repair.notice(stream, now)
    this.#readiness.check()
  }

  #onMark(source: Source, mark: MarkMessage, now: number): void {
    const nonce = this.#syncs.answeredBy(mark)
    const { table } = mark
    // Of a table that was never published there is nothing to know.
    if (table !== null && this.wants(table) && (mark.last > 0 || source.streams.has(table))) {
      const stream = source.stream(table)
      if (this.#bases.isSane(stream, mark.last)) source.reaches(stream, mark.last)
      else source.needsProof(this.#topics, now, this.#random)
      this.#repair.notice(stream, now)
    }
    if (nonce === undefined) return
    source.answered(this.#syncs.took(nonce, now), now)
    source.prove(mark.table)
    this.#readiness.check()
  }

  #onRefusal(source: Source, refusal: RefusalMessage, now: number): void {
    const stream = this.#repair.answered(source, refusal.nonce, now)
    if (!stream || source.streams.get(refusal.table) !== stream) return
    stream.lose(stream.next, refusal.firstRetained - 1, 'evicted')
    source.settle(stream)
    this.#delivery.deliver(source)
    this.#repair.advanced(source, stream, now)
    this.#repair.notice(stream, now)
  }

  #onHeartbeat(source: Source, heartbeat: HeartbeatMessage, now: number): void {
    source.publishes(heartbeat.streams.length > 0)
    for (const { table, last } of heartbeat.streams) {
      if (!this.wants(table)) continue
      const stream = source.stream(table)
      if (last <= stream.known) continue
      this.#output.wakeWithin(this.#limits.tickMs)
      // Known by the heartbeat alone: the topic's own path has to be proven.
      source.needsProof([this.tables === '*' ? null : table], now, this.#random)
      if (this.#bases.isSane(stream, last)) source.reaches(stream, last)
    }
    this.#notice(source, heartbeat.streams, now)
  }

  /** What a message has told of these streams may show a gap. */
  #notice(source: Source, streams: readonly TableSequence[], now: number): void {
    for (const { table } of streams) {
      const stream = source.streams.get(table)
      if (stream) this.#repair.notice(stream, now)
    }
  }

  #tickSource(source: Source, now: number): void {
    if (source.state === 'finished') {
      // Only that it is finished has to be known of it.
      if (source.isSettled) this.#repair.forgetAll(source)
      return
    }
    this.#afterEntry(source)
    if (source.openLosses.areOwed) this.#endings.tellOpen(source)
    if (source.mayAnswer && this.#silence.isGone(source, now)) {
      source.needsProof(this.#topics, now, this.#random)
      this.#readiness.check()
    }
    if (!source.mayAnswer) {
      this.#repair.rest(source)
      return
    }
    this.#renewal.tick(source, now, this.#sources.all.values())
    this.#repair.tickAll(source, now)
  }
}
