import { inBackground } from '../base/background.ts'
import type { Clock } from '../base/clock.ts'
import { nextCommonTime } from '../base/common-time.ts'
import { abortable } from '../base/abortable.ts'
import { EndOfTurn } from '../base/end-of-turn.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Registration, RosterChange } from '../model/roster-entry.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Published } from '../model/published.ts'
import type { Request } from '../model/request.ts'
import type { NewChange } from '../model/reset.ts'
import type { TablesOf } from '../model/update.ts'
import type { OutgoingMessage } from '../publisher/outgoing-message.ts'
import type { Publisher } from '../publisher/publisher.ts'
import type { Subscriber } from '../subscriber/subscriber.ts'
import type { Transport, TransportHandlers } from '../transport/transport.ts'
import { decodeMessage } from '../wire/frames/message-codec.ts'
import { decodeRequest } from '../wire/frames/request-codec.ts'
import { Alarm } from './alarm.ts'
import { Counters } from './counters.ts'
import { Departure } from './departure.ts'
import { lingerMs, reportBehindMs, reportMs } from './queue-times.ts'
import { type FlushResult, flushResult } from './flush-result.ts'
import { type CommitOptions, Commits, type Transaction } from './commits.ts'
import { checkFlushOptions, checkSignalOption } from './option-checks.ts'
import type { FlushOptions, SubscribeOptions } from './options.ts'
import { OwnRegistration } from './own-registration.ts'
import { traces } from './channels.ts'
import type { QueueEvent, QueueHealth, QueueStats } from './queue-event.ts'
import { QueueFeed } from './queue-feed.ts'
import { QueueReport } from './queue-report.ts'
import type { Subscription } from './subscription-handle.ts'
import { Subscriptions } from './subscriptions.ts'
import { perform } from './perform.ts'
import { publisherOf, type QueueParts, subscriberOf } from './queue-parts.ts'
import { Refusals } from '../transport/refusals.ts'
import { RosterNews } from './roster-news.ts'
import type { Selected, TableFields } from './table-fields.ts'
import { type ResetOptions, resetsOf, tableNames } from './resets.ts'
import type { UpdateQueue } from './update-queue.ts'

/** Composes publisher, subscriber and transport; owns the timer, the turn of the event loop and the life. */
export class ComposedQueue<Tables extends TablesOf> implements UpdateQueue<Tables> {
  readonly #parts: QueueParts
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #publisher: Publisher
  readonly #subscriber: Subscriber
  readonly #feed: QueueFeed
  readonly #subscriptions: Subscriptions
  readonly #report: QueueReport
  readonly #commits: Commits
  readonly #departure: Departure
  readonly #closed = Promise.withResolvers<TidingsError | undefined>()
  readonly #whenClosed = this.#closed.promise.then(() => undefined)
  readonly #counters = new Counters()
  readonly #refusals = new Refusals()
  readonly #registration: OwnRegistration
  readonly #news = new RosterNews()
  #loopback: Uint8Array[] = []
  readonly #endOfTurn: EndOfTurn
  readonly #alarm: Alarm
  #tickAt: number
  #reportAt: number
  #closing: Promise<void> | null = null
  #isClosed = false

  constructor(parts: QueueParts) {
    const now = parts.clock.now()
    this.#parts = parts
    this.#clock = parts.clock
    this.#transport = parts.transport
    this.#alarm = new Alarm(parts.clock, () => this.#tick())
    this.#endOfTurn = new EndOfTurn(parts.clock, () => this.#onEndOfTurn())
    this.#tickAt = now + parts.subscriberLimits.tickMs
    this.#reportAt = now + reportMs
    this.#publisher = publisherOf(parts, now)
    this.#subscriber = subscriberOf(parts, now)
    this.#feed = new QueueFeed(this.identity, () => parts.clock.wallClock())
    const [feed, counters, queue] = [this.#feed, this.#counters, this.identity]
    const told = { queue, feed, counters, news: this.#news }
    this.#subscriptions = new Subscriptions(this.#subscriber, parts.clock, told, {
      event: (event) => this.#onEvent(event),
      proceed: () => this.#proceed(),
      say: () => this.#registration.say(),
      wakeWithin: (ms) => this.#wakeWithin(ms),
    })
    const { clock, registration, transport } = parts
    const [publisher, subscriber] = [this.#publisher, this.#subscriber]
    const subscriptions = this.#subscriptions
    this.#report = new QueueReport({ clock, publisher, subscriber, subscriptions, counters, feed })
    this.#commits = new Commits(this.#publisher, parts.publisherLimits, (changes) =>
      this.#publish(changes),
    )
    this.#departure = new Departure(parts.clock, this.#publisher, this.#commits, () =>
      this.#proceed(),
    )
    this.#registration = new OwnRegistration(registration, transport, publisher, subscriber, () =>
      this.#report.told(),
    )
  }

  /** Connects; rejects, with everything closed, as `Transport.open()` does. */
  async open(signal: AbortSignal): Promise<this> {
    try {
      const given = this.#registration.current()
      const taken = await this.#transport.open(given, this.#handlers(), signal)
      this.#registration.opened(taken)
      this.#publisher.onRegistered(taken.publishes, this.#clock.now())
    } catch (error) {
      // The roster may have come before the refusal, and with it a timer.
      await this.#finish(undefined)
      throw error
    }
    this.#proceed()
    return this
  }

  get identity(): PublisherIdentity {
    return this.#publisher.identity
  }

  get port(): number | null {
    return this.#transport.port
  }

  get closed(): Promise<TidingsError | undefined> {
    return this.#closed.promise
  }

  publish(changes: NewChange<Tables> | readonly NewChange<Tables>[]): Published {
    this.#checkOpen('publish()')
    this.#commits.check('publish()')
    return this.#publish(changes as NewChange | readonly NewChange[])
  }

  #publish(changes: NewChange | readonly NewChange[]): Published {
    if (!traces.publish.isHeard) return this.#take(changes)
    return traces.publish.sync({ queue: this.identity, changes }, () => this.#take(changes))
  }

  #take(changes: NewChange | readonly NewChange[]): Published {
    // Not right behind the commit that filled it: a large one was work enough at a stretch.
    if (this.#publisher.isParcelFull) this.#closeParcel()
    const published = this.#publisher.publish(changes)
    if (!this.#publisher.skipsTurns) this.#endOfTurn.ask()
    return published
  }

  reset<Table extends keyof Tables & string>(
    tables: Table | readonly Table[],
    options: ResetOptions<Tables[Table]>,
  ): Published {
    return this.publish(resetsOf(tables, options) as NewChange<Tables>[])
  }

  async commit<Value>(
    work: Transaction<Value, Tables>,
    options: CommitOptions = {},
  ): Promise<Value> {
    // One that joins another is of a transaction that is waited for.
    if (!this.#commits.isWithin) this.#checkOpen('commit()')
    return this.#commits.run(work as Transaction<Value>, options)
  }

  /** Numbers commits that cannot be published: see `Publisher.loseCommits()`. */
  loseCommits(table: string, count: number, why: string): void {
    this.#publisher.loseCommits(table, count, why, this.#clock.now(), this.#clock.wallClock())
    this.#endOfTurn.ask()
  }

  async declare(tables: string | readonly string[]): Promise<void> {
    this.#checkOpen('declare()')
    const known = this.#registration.declare(tableNames('declare()', tables))
    this.#endOfTurn.ask()
    await known
  }

  subscribe<
    Table extends keyof Tables & string,
    const Select extends TableFields<Pick<Tables, Table>> | undefined = undefined,
  >(
    tables: Table | readonly Table[] | '*',
    options: SubscribeOptions<Pick<Tables, Table>, Select> = {},
  ): Subscription<Selected<Pick<Tables, Table>, Select>> {
    this.#checkOpen('subscribe()')
    return this.#subscriptions.add<Pick<Tables, Table>, Select>(tables, options)
  }

  status(): AsyncIterableIterator<QueueEvent> {
    return this.#feed.read()
  }

  stats(): QueueStats {
    return this.#report.stats()
  }

  health(): QueueHealth {
    return this.#report.health()
  }

  async flush(options: FlushOptions = {}): Promise<FlushResult> {
    checkFlushOptions(options)
    this.#checkOpen('flush()')
    const drainMs = options.drainMs ?? this.#parts.drainMs
    const flushing = (
      resolve: (result: FlushResult) => void,
      reject: (error: TidingsError) => void,
    ): void => {
      this.#publisher.flush(this.#clock.now(), this.#clock.wallClock(), drainMs, (outcome) =>
        this.#isClosed
          ? reject(new TidingsError('CLOSED', 'the queue was closed before the flush had ended'))
          : resolve(flushResult(outcome, this.#subscriber.roster)),
      )
      this.#proceed()
    }
    return traces.flush.promise({ queue: this.identity }, () => abortable(options.signal, flushing))
  }

  async drain(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#publisher.reading.check('drain()')
    checkSignalOption('drain()', options)
    this.#commits.check('drain()', 'it would wait for that')
    await this.#departure.until((this.#closing ??= this.#leave()), options.signal)
  }

  async close(): Promise<void> {
    this.#publisher.reading.check('close()')
    this.#closing ??= this.#leave()
    this.#departure.within(this.#parts.drainMs)
    await this.#closing
  }

  /** Throws where the call comes from inside of `publish()`, or when the queue is closed. */
  #checkOpen(call: string): void {
    this.#publisher.reading.check(call)
    if (this.#closing) throw new TidingsError('CLOSED', 'the queue is closed')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #leave(): Promise<void> {
    this.#subscriptions.end(undefined)
    const isInOrder = await this.#departure.leave()
    if (isInOrder && !this.#isClosed) await this.#registration.sayEnded(this.#clock)
    await this.#finish(undefined)
  }

  async #finish(error: TidingsError | undefined): Promise<void> {
    if (this.#isClosed) return this.#whenClosed
    this.#isClosed = true
    this.#closing ??= this.#whenClosed
    this.#departure.over()
    this.#registration.close()
    this.#publisher.abandon(this.#clock.now())
    this.#alarm.cancel()
    this.#subscriptions.end(error)
    await this.#transport.close(lingerMs)
    for (const event of this.#refusals.take()) this.#feed.emit(event)
    this.#feed.emit({ type: 'closed' })
    this.#feed.end()
    this.#closed.resolve(error)
  }

  #handlers(): TransportHandlers {
    return {
      message: (message) => {
        this.#onMessage(message, false)
        this.#proceed()
      },
      request: (frame) => this.#onRequest(frame),
      roster: (change) => this.#onRoster(change),
      registered: (registration) => this.#onRegistered(registration),
      reconnected: () => {
        this.#subscriber.onReconnected(this.#clock.now())
        this.#proceed()
      },
      sharedHop: (stands) => this.#subscriber.onSharedHop(stands, this.#clock.now()),
      event: (event) => this.#onEvent(event),
      sendAll: () => this.#closeParcel(Infinity),
      forget: () => this.#publisher.forget(),
      failed: (error) => inBackground(this.#finish(error), () => this.#closed.resolve(error)),
    }
  }

  /** `isOwn`: our own publisher gives it to us, not the network. */
  #onMessage(bytes: Uint8Array, isOwn: boolean): void {
    const message = decodeMessage(bytes)
    if (message.kind === 'refused') this.#refused(message.reason)
    else this.#subscriber.onMessage(message, this.#clock.now(), isOwn)
  }

  #onRequest(frame: Uint8Array): void {
    const request = decodeRequest(frame)
    if (request.kind === 'refused') this.#refused(request.reason)
    // Our own requests reach our own publisher directly; through a proxy they come back, too.
    else if (request.subscriber !== this.identity.incarnation) {
      this.#publisher.onRequest(request, this.#clock.now())
      this.#proceed()
    }
  }

  #onRoster(change: RosterChange): void {
    const now = this.#clock.now()
    const { roster } = this.#subscriber
    for (const event of this.#news.eventsOf(change, roster)) this.#feed.emit(event)
    const entries = this.#news.entriesOf(change, roster)
    this.#subscriber.onRoster(change, now)
    this.#publisher.onRoster(entries, now)
    this.#proceed()
  }

  #onRegistered(registration: Registration): void {
    this.#registration.onTaken(registration)
    this.#publisher.onRegistered(registration.publishes, this.#clock.now())
    this.#proceed()
  }

  #refused(reason: string): void {
    this.#counters.refused(reason)
    this.#refusals.count(reason)
  }

  #onEvent(event: QueueEvent): void {
    this.#counters.count(event)
    this.#feed.emit(event)
  }

  /** Behind whatever they were told: does what subscriber and publisher want done, and sees to what is due. */
  #proceed(): void {
    if (this.#isClosed) return
    const askOwn = (request: Request): void => this.#publisher.onRequest(request, this.#clock.now())
    for (let action; (action = this.#subscriber.nextAction());)
      perform(action, this.#transport, askOwn)
    for (let message; (message = this.#publisher.nextMessage());) this.#send(message)
    this.#wakeWithin(this.#subscriber.takeWake())
    if (this.#publisher.wantsTurn) this.#endOfTurn.ask()
    this.#alarm.by(Math.min(this.#publisher.deadline, this.#tickAt, this.#reportAt))
  }

  #send({ topic, bytes }: OutgoingMessage): void {
    this.#transport.send(topic, bytes)
    if (!this.#subscriber.listensTo(topic)) return
    // Not from inside publish(): the application's handler must not run within its own call.
    this.#loopback.push(bytes)
    this.#endOfTurn.ask()
  }

  #onEndOfTurn(): void {
    if (!this.#isClosed) {
      this.#registration.sayChanged()
      this.#publisher.endTurn(this.#clock.now(), this.#clock.wallClock())
      this.#proceed()
    }
    const loopback = this.#loopback
    this.#loopback = []
    for (const message of loopback) this.#onMessage(message, true)
    if (loopback.length > 0) this.#proceed()
  }

  /** Sends what was published before the turn ends: so many bytes, or as much as a turn takes. False: some is held still. */
  #closeParcel(bytes?: number): boolean {
    // Within publish() a turn has an end to come, which says all of its new tables together.
    if (bytes !== undefined) this.#registration.sayChanged()
    const hasLeft = this.#publisher.closeTurn(this.#clock.now(), this.#clock.wallClock(), bytes)
    this.#proceed()
    return hasLeft
  }

  #tick(): void {
    if (this.#isClosed) return
    const now = this.#clock.now()
    this.#publisher.tick(now)
    if (now >= this.#tickAt) {
      this.#tickAt = Infinity // What is delivered meanwhile may want it earlier than the tick.
      this.#tickAt = Math.min(this.#subscriber.tick(now), this.#tickAt)
    }
    if (now >= this.#reportAt) {
      this.#reportAt = nextCommonTime(now, reportMs, reportBehindMs)
      for (const event of this.#refusals.take()) this.#feed.emit(event)
      this.#registration.report()
    }
    this.#proceed()
  }

  #wakeWithin(ms: number): void {
    if (ms === Infinity) return
    const now = this.#clock.now()
    this.#subscriber.onWake(now)
    this.#tickAt = Math.min(this.#tickAt, now + ms)
  }
}
