import type { Random } from '../base/random.ts'
import type {
  BatchMessage,
  HeartbeatMessage,
  LeavingMessage,
  MarkMessage,
  Message,
  RefusalMessage,
  TableSequence,
  VectorMessage,
} from '../model/message.ts'
import { type Tables, wantsTable } from '../model/request.ts'
import { mayHavePublished } from '../model/roster.ts'
import type { RosterChange, RosterEntry, RosterView } from '../model/roster.ts'
import { identityOf, type PublisherIdentity } from '../model/publisher-identity.ts'
import { Bases } from './bases.ts'
import { Endings } from './endings.ts'
import { GapRepair } from './gap-repair.ts'
import { ParcelDelivery } from './parcel-delivery.ts'
import { PathRenewal } from './path-renewal.ts'
import { Readiness } from './readiness.ts'
import type { BatchReader } from './selection.ts'
import { replyPath, Source, type Unproven } from './source.ts'
import { lastOf } from './subscribed-stream.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'
import { Syncs } from './syncs.ts'

export interface SubscriptionOptions {
  /** The process: its incarnation. */
  readonly subscriber: string
  readonly tables: Tables
  /** False: this process's own updates are not delivered. */
  readonly own: boolean
}

/**
 * One subscription: for each publisher it keeps what is owed, in order and whole, and proves the
 * paths. A state machine without clocks or sockets: time comes in as `now`, everything it does goes
 * out through its output.
 */
export class Subscription {
  readonly tables: Tables
  readonly #options: SubscriptionOptions
  readonly #limits: SubscriberLimits
  readonly #random: Random
  readonly #output: SubscriptionOutput
  readonly #sources = new Map<string, Source>()
  readonly #bases: Bases
  readonly #syncs: Syncs
  readonly #delivery: ParcelDelivery
  readonly #endings: Endings
  readonly #repair: GapRepair
  readonly #renewal: PathRenewal
  readonly #readiness: Readiness
  #isBusy = false
  #hasRoomAgain = false

  constructor(
    options: SubscriptionOptions,
    limits: SubscriberLimits,
    reader: BatchReader,
    random: Random,
    output: SubscriptionOutput,
    now: number,
  ) {
    this.#options = options
    this.tables = options.tables
    this.#limits = limits
    this.#random = random
    this.#output = output
    this.#delivery = new ParcelDelivery((table) => this.wants(table), reader, output)
    this.#endings = new Endings(options.tables, this.#delivery, output)
    this.#bases = new Bases(options.tables, now, limits, this.#delivery, output)
    this.#syncs = new Syncs(options.subscriber, options.tables, limits, random, output, now)
    this.#repair = new GapRepair(options.subscriber, options.tables, limits, random, output)
    this.#renewal = new PathRenewal(limits, output)
    this.#readiness = new Readiness(this.#sources, this.#topics(), limits, output)
  }

  get isReady(): boolean {
    return this.#readiness.isReady
  }

  get heldBytes(): number {
    return this.#delivery.heldBytes
  }

  get sources(): ReadonlyMap<string, Source> {
    return this.#sources
  }

  wants(table: string): boolean {
    return wantsTable(this.tables, table)
  }

  /** Lets the newest held parcels go until no more than `bytes` are held: they become gaps again, or losses. */
  letGo(bytes: number): void {
    this.#endings.letGo(this.#sources.values(), bytes)
  }

  onMessage(message: Message, now: number): void {
    this.#isBusy = true
    this.#take(message, now)
    this.#leave(now)
  }

  #take(message: Message, now: number): void {
    const { incarnation } = message.publisher
    if (!this.#options.own && incarnation === this.#options.subscriber) return
    const source = this.#sourceOf(message.publisher, now)
    if (source.state === 'finished') return
    this.#heard(source, now)
    switch (message.kind) {
      case 'batch':
        this.#onBatch(source, message, now)
        break
      case 'replay':
        this.#onReplay(source, message.batch, now)
        break
      case 'vector':
        this.#onVector(source, message, now)
        break
      case 'mark':
        this.#onMark(source, message, now)
        break
      case 'refusal':
        this.#onRefusal(source, message, now)
        break
      case 'heartbeat':
        this.#onHeartbeat(source, message, now)
        break
      case 'leaving':
        this.#onLeaving(source, message)
        break
    }
    if (message.kind !== 'batch')
      for (const stream of source.streams.values()) this.#repair.notice(stream, now)
  }

  onRoster(change: RosterChange, roster: RosterView, now: number): void {
    this.#isBusy = true
    for (const entry of change.entries) this.#onEntry(entry, now)
    this.#readiness.onRoster(change, roster, now)
    this.#leave(now)
  }

  /** A node's roster began anew without its file: publishers may have come and gone unseen. */
  onRosterLost(): void {
    if (!this.isReady) return
    const anything = { table: null, publisher: null, from: null, to: null } as const
    this.#output.losses([{ ...anything, reason: 'roster-lost' }], [])
  }

  /** A connection was made again: whatever was sent meanwhile is found by asking everybody. */
  resync(now: number): void {
    for (const source of this.#sources.values())
      if (source.state !== 'finished') source.needsProofAtOnce(this.#topics(), now, this.#random)
    this.#output.wakeWithin(this.#limits.syncSpreadMs)
  }

  /**
   * There is room again in the application's queue. It may be told from within one of our own
   * deliveries: then what it allows is done when that has come to its end.
   */
  onRoom(now: number): void {
    if (this.#isBusy) {
      this.#hasRoomAgain = true
      return
    }
    this.#isBusy = true
    for (const source of this.#sources.values()) {
      if (source.pending.size > 0) this.#delivery.deliver(source)
      if (source.state === 'gone') this.#endings.tellOpen(source)
      if (this.#output.isUnderHalf())
        for (const stream of source.streams.values()) this.#repair.tick(source, stream, now)
    }
    this.#isBusy = false
  }

  /** `ownStallMs`: how long this process itself stood still; nobody else is charged for it. */
  tick(now: number, ownStallMs: number): void {
    this.#isBusy = true
    // Whoever was heard since, before this tick, must not be taken for heard in the future.
    if (ownStallMs > 0)
      for (const source of this.#sources.values())
        source.heardAt = Math.min(now, source.heardAt + ownStallMs)
    if (ownStallMs > 2 * this.#limits.heartbeatMs) this.resync(now)
    for (const source of this.#sources.values()) this.#tickSource(source, now)
    this.#forgetEnded()
    this.#syncs.send(this.#sources.values(), now)
    this.#readiness.tick(now)
    this.#leave(now)
  }

  #leave(now: number): void {
    this.#isBusy = false
    if (!this.#hasRoomAgain) return
    this.#hasRoomAgain = false
    if ([...this.#sources.values()].some(({ pending }) => pending.size > 0)) this.onRoom(now)
  }

  /** For each stream, up to where it was handed to the application or reported. */
  confirmed(incarnation: string): TableSequence[] {
    const source = this.#sources.get(incarnation)
    if (!source) return []
    return [...source.streams.values()]
      .filter((stream) => stream.base !== null)
      .map(({ table, consumed }) => ({ table, last: consumed }))
  }

  #topics(): Unproven[] {
    return [replyPath, ...(this.tables === '*' ? [null] : this.tables)]
  }

  #sourceOf(identity: PublisherIdentity, now: number): Source {
    let source = this.#sources.get(identity.incarnation)
    if (!source) {
      source = new Source(identityOf(identity), this.#limits.syncSpreadMs, now)
      source.needsProof(this.#topics(), now, this.#random)
      this.#sources.set(identity.incarnation, source)
      this.#output.wakeWithin(this.#limits.syncSpreadMs)
    }
    return source
  }

  #heard(source: Source, now: number): void {
    if (source.heard(now, this.#random, this.isReady))
      this.#output.wakeWithin(this.#limits.syncSpreadMs)
    if (source.state === 'live') return
    if (source.state === 'gone') source.reopened = true
    source.state = 'live'
    source.needsProofAtOnce(this.#topics(), now, this.#random)
    this.#output.wakeWithin(this.#limits.syncSpreadMs)
    this.#output.event({ type: 'publisher-live', publisher: source.identity })
  }

  #onEntry(entry: RosterEntry, now: number): void {
    if (!this.#options.own && entry.incarnation === this.#options.subscriber) return
    let source = this.#sources.get(entry.incarnation)
    const isOver = entry.state === 'ended' || entry.state === 'gone'
    if (!source) {
      // Whoever had ended before this subscription began owes it nothing.
      if (entry.state === 'ended' && !this.#readiness.isAsking) return
      if (entry.publishes.length === 0 && !(isOver && entry.last) && !mayHavePublished(entry))
        return
      source = this.#sourceOf(entry, now)
    }
    if (source.entry?.state === 'gone' && entry.state === 'alive')
      source.needsProof(this.#topics(), now, this.#random)
    source.entry = entry
    this.#afterEntry(source)
  }

  #afterEntry(source: Source): void {
    const { entry } = source
    if (!entry || source.state === 'finished') return
    if (entry.last) this.#bases.noteKnown(source, entry.last)
    if (entry.state === 'alive') source.reopened = false
    if (entry.state !== 'ended') return
    if (entry.last) this.#endings.finish(source)
    else if (source.state !== 'gone') {
      if (!source.reopened) this.#endings.gone(source)
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
      source.needsProof(this.#topics(), now, this.#random)
      return
    }
    if (last > stream.known) stream.known = last
    stream.bytesPerUpdate = Math.max(1, batch.frame.byteLength / batch.count)
    if (batch.manifest.length > 1 || batch.manifest[0]?.last !== last)
      this.#bases.noteKnown(source, batch.manifest)
    this.#delivery.take(source, stream, batch)
    if (stream.held.length > 0) this.#repair.notice(stream, now)
  }

  #onReplay(source: Source, batch: BatchMessage, now: number): void {
    this.#onBatch(source, batch, now)
    if (this.wants(batch.table)) this.#repair.advanced(source, source.stream(batch.table), now)
  }

  #onVector(source: Source, vector: VectorMessage, now: number): void {
    if (!this.#syncs.isOurs(vector.nonce)) return
    source.prove(replyPath)
    // Before `ready` it does not matter: everything is owed from the vector on.
    const sawAll = !this.isReady || this.#syncs.sawTheBeginning(vector.nonce, now)
    if (!this.#bases.takeVector(source, vector, this.isReady, sawAll, now))
      source.needsProof([replyPath], now, this.#random)
    this.#delivery.deliver(source)
    this.#readiness.check()
  }

  #onMark(source: Source, mark: MarkMessage, now: number): void {
    const isOurs = mark.answers.some(
      ({ subscriber, nonce }) =>
        subscriber === this.#options.subscriber && this.#syncs.isOurs(nonce),
    )
    if (mark.table !== null && this.wants(mark.table)) {
      const stream = source.stream(mark.table)
      if (this.#bases.isSane(stream, mark.last)) stream.known = Math.max(stream.known, mark.last)
      else source.needsProof(this.#topics(), now, this.#random)
    }
    if (!isOurs) return
    source.prove(mark.table)
    this.#readiness.check()
  }

  #onRefusal(source: Source, refusal: RefusalMessage, now: number): void {
    const stream = this.#repair.asked(refusal.nonce)
    if (!stream || source.streams.get(refusal.table) !== stream) return
    stream.lose(stream.next, refusal.firstRetained - 1, 'evicted')
    source.settle(stream)
    this.#delivery.deliver(source)
    this.#repair.advanced(source, stream, now)
  }

  #onHeartbeat(source: Source, heartbeat: HeartbeatMessage, now: number): void {
    for (const { table, last } of heartbeat.streams) {
      if (!this.wants(table)) continue
      const stream = source.stream(table)
      if (last <= stream.known) continue
      // Known by the heartbeat alone: the topic's own path has to be proven.
      source.needsProof([this.tables === '*' ? null : table], now, this.#random)
      if (this.#bases.isSane(stream, last)) stream.known = last
    }
  }

  #onLeaving(source: Source, leaving: LeavingMessage): void {
    this.#bases.noteKnown(source, leaving.streams)
  }

  #tickSource(source: Source, now: number): void {
    if (source.state === 'finished') {
      this.#shrink(source)
      return
    }
    this.#afterEntry(source)
    if (source.state === 'gone') this.#endings.tellOpen(source)
    if (!source.mayAnswer) return
    this.#watchSilence(source, now)
    if (!source.mayAnswer) return
    this.#renewal.tick(source, now, this.#sources.values())
    for (const stream of source.streams.values()) this.#repair.tick(source, stream, now)
  }

  /** Of a finished publisher only that it is finished has to be known. */
  #shrink(source: Source): void {
    if (source.streams.size === 0 || !source.isSettled) return
    for (const stream of source.streams.values()) this.#repair.forget(stream)
    source.streams.clear()
  }

  /** Publishers that are over are remembered up to a number, the latest. */
  #forgetEnded(): void {
    if (this.#sources.size <= this.#limits.tombstones) return
    for (const [incarnation, source] of this.#sources) {
      if (this.#sources.size <= this.#limits.tombstones) return
      if (source.isOver && !source.isOnRoster && source.isSettled) this.#sources.delete(incarnation)
    }
  }

  #watchSilence(source: Source, now: number): void {
    if (source.identity.incarnation === this.#options.subscriber) return
    const silent = now - source.heardAt
    if (
      source.state === 'live' &&
      silent > this.#limits.heartbeatMs * this.#limits.heartbeatsMissed
    ) {
      source.state = 'stalled'
      source.nextRenewAt = now
      this.#output.event({ type: 'publisher-stalled', publisher: source.identity })
    }
    // What others of this process hear proves no path of ours, but that it lives.
    const lives =
      now - this.#output.heardAt(source.identity.incarnation) <= this.#limits.goneAfterMs
    if (source.state === 'stalled' && silent > this.#limits.goneAfterMs && !lives) {
      this.#endings.gone(source)
      source.needsProof(this.#topics(), now, this.#random)
      this.#readiness.check()
    }
  }
}
