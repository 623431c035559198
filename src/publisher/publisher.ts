import { Deque } from '../base/deque.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { HeartbeatMessage, LeavingMessage, TableSequence } from '../model/message.ts'
import type { Request } from '../model/request.ts'
import type { RosterEntry } from '../model/roster-entry.ts'
import { statusTopic } from '../model/topic.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { NewChange } from '../model/reset.ts'
import { encodeMessage } from '../wire/frames/message-codec.ts'
import { type FlushOutcome, Flushes } from './flushes.ts'
import { unpublishedParcel } from './closed-parcel.ts'
import { Heartbeats } from './heartbeats.ts'
import { OpenParcel } from './open-parcel.ts'
import { ParcelGathering } from './parcel-gathering.ts'
import type { PublishedStream } from './published-stream.ts'
import { PublishedCommit } from './published-commit.ts'
import { PublishedStreams } from './published-streams.ts'
import { Outbox } from './outbox.ts'
import type { PublisherLimits } from './publisher-limits.ts'
import type { OutgoingMessage, Send } from './outgoing-message.ts'
import { RecordReading } from './record-reading.ts'
import { Replayer } from './replayer.ts'
import { lastNumbers, SyncAnswers } from './sync-answers.ts'
import { TableNames } from './table-names.ts'

type PublisherState = 'alive' | 'leaving' | 'ended'

/**
 * The publishing side of one process: numbers updates, makes parcels of them, retains them, answers
 * syncs and replays, and knows who has confirmed what. Time comes in as `now` (monotonic
 * milliseconds); `deadline` says when `tick()` is due next.
 */
export class Publisher {
  readonly identity: PublisherIdentity
  readonly reading = new RecordReading()
  readonly #limits: PublisherLimits
  /** To be sent, in this order. */
  readonly #messages = new Deque<OutgoingMessage>()
  /** State, published tables or last numbers. */
  #hasNewRegistration = false
  /** It publishes what programs that are not ours gave it. */
  readonly #foreign: boolean
  readonly #streams = new PublishedStreams()
  /** The stream of the last update: the next is often of the same. */
  #last: PublishedStream | null = null
  readonly #parcel: OpenParcel
  readonly #gathering: ParcelGathering
  readonly #syncs: SyncAnswers
  readonly #replayer: Replayer
  readonly #flushes = new Flushes()
  readonly #declared = new Set<string>()
  readonly #names = new TableNames()
  readonly #outbox: Outbox
  /** A flush waits for what has not left yet. */
  #flushAsksLater = false
  #commits = 0
  #parcels = 0
  readonly #heartbeats: Heartbeats
  #confirmAskAt = Infinity
  #state: PublisherState = 'alive'

  constructor(
    identity: PublisherIdentity,
    declared: readonly string[],
    limits: PublisherLimits,
    now: number,
    foreign = false,
  ) {
    this.identity = identity
    this.#limits = limits
    this.#foreign = foreign
    this.#outbox = new Outbox(limits, this.#streams, (stream, message, at) => {
      this.#replayer.sentFresh(message.byteLength)
      this.#send(stream.topic, message)
      this.#heartbeats.afterBurst(at)
    })
    this.declare(declared)
    this.registrationSaid()
    this.#parcel = new OpenParcel(identity, limits.maxCommitBytes, this.#names)
    this.#gathering = new ParcelGathering(limits, this.#parcel)
    this.#syncs = new SyncAnswers(identity, limits)
    this.#replayer = new Replayer(identity, limits, now)
    this.#heartbeats = new Heartbeats(limits, now)
  }

  get state(): PublisherState {
    return this.#state
  }

  /** Tables it has declared or published. */
  get publishes(): string[] {
    return [...new Set([...this.#declared, ...this.#streams.tables])]
  }

  get retained(): Pick<Outbox, 'retainedBytes' | 'retainedSince'> {
    return this.#outbox
  }

  get published(): { updates: number; commits: number } {
    return { updates: this.#streams.numbered, commits: this.#commits }
  }

  /** The last number given in each stream: what is owed to whoever hears that this process has ended. */
  get lastNumbered(): TableSequence[] {
    return this.#streams.lastNumbered
  }

  /** True when the open parcel holds enough to leave before the turn is over. */
  get isParcelFull(): boolean {
    return (
      this.#parcel.bytes >= this.#limits.parcelBytes ||
      this.#parcel.tables >= this.#limits.parcelTables
    )
  }

  /** The next that is to be sent now. */
  nextMessage(): OutgoingMessage | undefined {
    return this.#messages.shift()
  }

  /** The registration of this process has changed since it was said: its state, published tables or last numbers. */
  get hasNewRegistration(): boolean {
    return this.#hasNewRegistration
  }

  registrationSaid(): void {
    this.#hasNewRegistration = false
  }

  /** True while something is to leave at the end of this turn, or of the next. */
  get hasMoreToSend(): boolean {
    return !this.#outbox.isEmpty || (!this.#parcel.isEmpty && !this.#gathering.isWaiting)
  }

  /** The end of the next turn is to be told, although nothing may be published in it. */
  get looksAhead(): boolean {
    return this.#gathering.looksAhead
  }

  /** The end of the next turn is wanted in any case. */
  get wantsTurn(): boolean {
    return this.#hasNewRegistration || this.hasMoreToSend || this.looksAhead
  }

  /** Ends of turns need not be told: `tick()` closes the open parcel when it is due. */
  get skipsTurns(): boolean {
    return this.#gathering.skipsTurns && !this.#hasNewRegistration
  }

  get deadline(): number {
    return Math.min(
      this.#heartbeats.deadline,
      this.#confirmAskAt,
      this.#syncsAt,
      this.#outbox.deadline,
      this.#gathering.deadline,
      this.#replayer.deadline,
      this.#flushes.deadline,
    )
  }

  /**
   * Takes one commit. Throws TidingsError CLOSED, COMMIT_TOO_LARGE,
   * LIMIT_EXCEEDED, USAGE or VALUE_UNSUPPORTED; what is refused leaves nothing behind.
   */
  publish(changes: NewChange | readonly NewChange[]): PublishedCommit {
    this.reading.check('publish()')
    if (this.#state !== 'alive')
      throw new TidingsError('CLOSED', 'the queue is closed: it takes no more updates')
    const commit = this.#commits + 1
    const { incarnation } = this.identity
    this.reading.begin()
    try {
      const published = Array.isArray(changes)
        ? new PublishedCommit(commit, incarnation, this.#takeAll(changes, commit))
        : this.#takeOne(changes as NewChange, commit)
      this.#commits = commit
      return published
    } finally {
      this.reading.end()
    }
  }

  /** Tables that it is going to publish. Throws USAGE and LIMIT_EXCEEDED, at the first that is not taken. */
  declare(tables: readonly string[]): void {
    for (const table of tables) {
      this.#names.add(table)
      if (this.#streams.get(table) || this.#declared.has(table)) continue
      this.#declared.add(table)
      this.#outbox.newTable(table)
      this.#hasNewRegistration = true
    }
  }

  /**
   * Numbers commits of one update each that were to be published and cannot be: subscribers are told of a
   * loss, in its place. `why`: one word of a to z and `-`. Throws as `publish()` where the table is not taken.
   */
  loseCommits(table: string, count: number, why: string, now: number, wallClock: number): void {
    this.#names.add(table)
    this.#closeParcel(now, wallClock)
    this.#number(table, count)
    const header = { ...this.#nextHeader(now, wallClock), publisher: this.identity }
    const last = this.#stream(table).numbered
    this.#outbox.add(unpublishedParcel(header, { table, last, count }, this.#commits + 1, why))
    this.#commits += count
  }

  /**
   * The turn of the event loop is over: closes the open parcel, unless it gathers more, and sends of
   * what is closed as much as a turn takes. The rest leaves at the end of the turns to come, in order.
   */
  endTurn(now: number, wallClock: number): void {
    const mayWait = this.#outbox.isEmpty
    const publishedAt = this.#gathering.endTurn(now, wallClock, this.#commits, mayWait)
    if (publishedAt !== null) this.closeTurn(now, publishedAt)
  }

  /**
   * The same, but nothing gathers more: the open parcel is closed. So many bytes leave, or as much as a turn takes.
   * False: some is held still.
   */
  closeTurn(now: number, wallClock: number, bytes?: number): boolean {
    this.#closeParcel(now, wallClock)
    this.#sendClosed(now, bytes)
    return !this.#outbox.isHolding
  }

  /** GENESIS_CLUSTER has this process as one that publishes these tables: what was held for them may leave. */
  onRegistered(publishes: readonly string[], now: number): void {
    if (!this.#outbox.announce(publishes, now)) return
    // With or without something held: who hears of it now can ask.
    this.#heartbeats.afterBurst(now)
    // What was asked before named none of it.
    if (this.#flushes.isWaiting) this.#askConfirm(now)
  }

  onRequest(request: Request, now: number): void {
    const isOwn = request.subscriber === this.identity.incarnation
    if (request.kind === 'sync') {
      if (request.incarnations && !request.incarnations.includes(this.identity.incarnation)) return
      // Nobody waits for himself: a handler that flushes what it published would never return.
      if (!isOwn) this.#flushes.onSync(request.subscriber, request.tables, now)
      this.#syncs.add(request, now)
    } else if (request.incarnation !== this.identity.incarnation) return
    else if (request.kind === 'confirm') {
      this.#flushes.confirm(request.subscriber, request.streams, now)
      this.#checkFlushes(now)
    } else if (isOwn || this.#flushes.knows(request.subscriber)) this.#replayer.add(request, now)
  }

  onRoster(entries: readonly RosterEntry[], now: number): void {
    for (const { incarnation, state, subscribes } of entries) {
      if (incarnation === this.identity.incarnation) continue
      if (state === 'ended' || state === 'gone' || subscribes.length === 0)
        this.#flushes.removeSubscriber(incarnation, state === 'ended')
      else this.#flushes.onRoster(incarnation, subscribes)
    }
    this.#checkFlushes(now)
  }

  /** Lets go of all that it has published: what somebody lacks of it is lost. */
  readonly forget = (): void => this.#outbox.forget()

  tick(now: number): void {
    const publishedAt = this.#gathering.tick(now, this.#commits)
    if (publishedAt !== null) this.closeTurn(now, publishedAt)
    this.#outbox.tick(now)
    this.#answerSyncs(now)
    this.#replayer.tick(now, (table) => this.#streams.get(table), this.#send)
    if (this.#heartbeats.takeRegular(now)) {
      this.#outbox.expire(now)
      this.#replayer.forgetBefore(now - 60 * this.#limits.heartbeatMs)
      if (this.#isPublisher) this.#heartbeat(now, false)
    } else if (this.#heartbeats.isEarlyDue(now)) this.#heartbeat(now, false)
    if (now >= this.#confirmAskAt) this.#askConfirm(now)
    this.#checkFlushes(now)
  }

  /** Calls `done` when all subscribers have confirmed what was published so far, or after `drainMs`. */
  flush(now: number, wallClock: number, drainMs: number, done: (outcome: FlushOutcome) => void) {
    this.closeTurn(now, wallClock)
    this.#flushes.start({ target: this.lastNumbered, until: now + drainMs, done })
    this.#flushAsksLater ||= !this.#outbox.isEmpty
    if (this.#isPublisher) this.#askConfirm(now)
    this.#checkFlushes(now)
  }

  /** Takes nothing more; `done` when all have confirmed everything, or after `drainMs`. */
  leave(now: number, wallClock: number, drainMs: number, done: (outcome: FlushOutcome) => void) {
    this.closeTurn(now, wallClock, Infinity)
    this.#state = 'leaving'
    this.#hasNewRegistration = true
    if (this.#streams.size > 0)
      this.#say({ kind: 'leaving', publisher: this.identity, streams: this.lastNumbered })
    this.flush(now, wallClock, drainMs, (outcome) => {
      this.#state = 'ended'
      this.#hasNewRegistration = true
      done(outcome)
    })
  }

  /** Nobody is waited for beyond this time, whatever a flush or leaving began with. */
  waitUntil(until: number, now: number): void {
    this.#flushes.shorten(until)
    this.#checkFlushes(now)
  }

  /** There is no queue any more: takes nothing more and waits for nobody. */
  abandon(now: number): void {
    this.#state = 'ended'
    this.waitUntil(now, now)
  }

  get #isPublisher(): boolean {
    return this.#declared.size > 0 || this.#streams.size > 0
  }

  /** A vector is of a moment between two parcels: one that is half sent leaves first. */
  get #syncsAt(): number {
    return this.#outbox.isHalfSent ? Infinity : this.#syncs.deadline
  }

  #answerSyncs(now: number): void {
    if (now >= this.#syncsAt) this.#syncs.send(now, this.#streams, this.#send)
  }

  readonly #send: Send = (topic, bytes) => this.#messages.push({ topic, bytes })

  #stream(table: string): PublishedStream {
    let stream = this.#streams.get(table)
    if (!stream) {
      stream = this.#streams.add(table)
      if (!this.#declared.has(table)) {
        this.#outbox.newTable(table)
        this.#hasNewRegistration = true
      }
    }
    return stream
  }

  #takeAll(changes: readonly NewChange[], commit: number): TableSequence[] {
    return this.#parcel
      .addAll(changes, commit)
      .map(({ table, updates }) => ({ table, last: this.#number(table, updates) }))
  }

  #takeOne(change: NewChange, commit: number): PublishedCommit {
    const table = this.#parcel.addOne(change, commit)
    return new PublishedCommit(commit, this.identity.incarnation, table, this.#number(table, 1))
  }

  /** Gives the next numbers of a table to so many updates; returns the last of them. */
  #number(table: string, updates: number): number {
    if (this.#last?.table !== table) this.#last = this.#stream(table)
    this.#last.number(updates)
    return this.#last.numbered
  }

  #closeParcel(now: number, wallClock: number): void {
    if (this.#parcel.isEmpty) return
    this.#gathering.left(now)
    const header = this.#nextHeader(now, wallClock)
    this.#outbox.add(this.#parcel.close(header, (table) => this.#stream(table).numbered))
  }

  #nextHeader(now: number, wallClock: number) {
    const foreign = this.#foreign
    return { parcel: ++this.#parcels, publishedAt: wallClock, closedAt: now, foreign }
  }

  #sendClosed(now: number, bytes?: number): void {
    this.#outbox.send(now, () => this.#answerSyncs(now), bytes)
    if (!this.#flushAsksLater || !this.#outbox.isEmpty) return
    this.#flushAsksLater = false
    this.#askConfirm(now)
    this.#checkFlushes(now)
  }

  #checkFlushes(now: number): void {
    this.#flushes.check(now, this.#outbox.haveLeft)
  }

  #heartbeat(now: number, confirm: boolean): void {
    const streams = lastNumbers(this.#heartbeats.say(this.#streams, confirm, now))
    this.#say({ kind: 'heartbeat', publisher: this.identity, streams, confirm })
  }

  /** It fits a frame, also with all streams: `TableNames` bounds their names and their number. */
  #say(message: HeartbeatMessage | LeavingMessage): void {
    const topic = statusTopic(this.identity.incarnation)
    this.#send(topic, encodeMessage(topic, message))
  }

  #askConfirm(now: number): void {
    this.#confirmAskAt = this.#flushes.isWaiting ? now + this.#limits.confirmAskMs : Infinity
    if (this.#flushes.isWaiting) this.#heartbeat(now, true)
  }
}
