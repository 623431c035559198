import { setImmediate as nextTurn } from 'node:timers/promises'
import { TidingsError } from '../base/tidings-error.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { EndOfTurn } from '../base/end-of-turn.ts'
import { RateLimit } from '../base/rate-limit.ts'
import { decodeForeign } from '../wire/frames/foreign.ts'
import type { ForeignMessage, RefusedForeign } from '../wire/frames/foreign.ts'
import type { ForeignSource, ForeignSourceHandlers } from './foreign-source.ts'
import { foreignUser } from './zmtp.ts'
import type { ForeignAt } from '../cluster/bus/bus.ts'
import { intakeLimits } from './intake-limits.ts'
import { isGap, overrunReason, WaitingMessages } from './waiting-messages.ts'
import type { Gap, NotTaken } from './waiting-messages.ts'

/** Where what foreign programs publish goes on, numbered. */
export interface IntakeQueue {
  publish(updates: ForeignMessage['updates']): unknown
  /** Numbers `count` commits of one update each that subscribers are told of as lost. */
  loseCommits(table: string, count: number, why: string): void
}

interface IntakeOptions {
  readonly clock: Clock
  /** Bytes of memory that what waits to be read may take; default `intakeLimits.waitingBytes`. */
  readonly waitingBytes?: number
  /** Told at once: so many messages are not taken, for this reason. `table`: null where the topic names none. */
  readonly refused: NotTaken
  /** What the operator has to know besides, as a sentence. */
  readonly warn: (message: string) => void
}

type OpenSource = (handlers: ForeignSourceHandlers) => Promise<ForeignSource>

/**
 * Takes what foreign programs publish at the inbound port of the node, or at an MQTT broker, reads it once, and hands it on
 * as commits of one publisher, in order. What cannot be read or taken has numbers too: subscribers of
 * its table learn that there was something.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #waiting: WaitingMessages
  readonly #subscribed = Promise.withResolvers<void>()
  readonly #source: Promise<ForeignSource>
  #at: ForeignAt | null = null
  readonly #strangers = new RateLimit(intakeLimits.refusedIntervalMs)
  #queue: IntakeQueue | null = null
  readonly #endOfTurn: EndOfTurn
  /** When the last message came. */
  #cameAt = -Infinity
  /** A connection has ended, so the programs have to hear anew that somebody subscribes. */
  #isInterrupted = false
  #resubscribing: Timer | null = null
  /** When something of each table was numbered last. */
  readonly #numberedAt = new Map<string, number>()

  private constructor(options: IntakeOptions, openSource: OpenSource) {
    this.#options = options
    this.#endOfTurn = new EndOfTurn(options.clock, () => this.#turn())
    this.#waiting = new WaitingMessages(
      options.waitingBytes ?? intakeLimits.waitingBytes,
      options.refused,
    )
    this.#source = openSource({
      messages: (bytes, count) => {
        this.#waiting.push(bytes, count)
        this.#onWaiting()
      },
      refused: (head, reason) => {
        this.#waiting.refuse(head, reason)
        this.#onWaiting()
      },
      subscribed: () => this.#onSubscribed(),
      interrupted: (message) => this.#onInterrupted(message),
      stranger: (why) => this.#onStranger(why),
    })
  }

  /** Takes what comes at the inbound port of the node. */
  static async open(options: IntakeOptions): Promise<Intake> {
    // Loaded here: it needs ZeroMQ, which an intake at an MQTT broker does without.
    const { ForeignPort } = await import('./foreign-port.ts')
    let at: ForeignAt | null = null
    const intake = await Intake.from(options, async (handlers) => {
      const { clock } = options
      const port = await ForeignPort.open(clock, handlers)
      at = { endpoint: port.endpoint, user: foreignUser, password: port.password }
      return port
    })
    intake.#at = at
    return intake
  }

  /** Takes what comes from there. */
  static async from(options: IntakeOptions, openSource: OpenSource): Promise<Intake> {
    const intake = new Intake(options, openSource)
    await intake.#source
    return intake
  }

  /** Where the inbound proxy is to connect to. */
  async foreignAt(): Promise<ForeignAt> {
    await this.#source
    if (this.#at === null) throw new TidingsError('USAGE', 'this intake has no port')
    return this.#at
  }

  /** Messages let go since it was opened, because too much waited. */
  get overrun(): number {
    return this.#waiting.overrun
  }

  /** Bytes of memory that what waits to be read takes. */
  get waitingBytes(): number {
    return this.#waiting.bytes
  }

  /** Resolves when the inbound proxy has connected and knows what is wanted. */
  get subscribed(): Promise<void> {
    return this.#subscribed.promise
  }

  /** What comes goes there from now on; null: it waits. */
  leadTo(queue: IntakeQueue | null): void {
    this.#queue = queue
    this.#endOfTurn.ask()
  }

  /**
   * Waits until no program publishes, then wants nothing more, and resolves when what was under way is
   * handed on. After `ms` the rest is told as lost: what waits here exactly; and since nobody can count
   * what programs that go on send while it is not wanted any more, one more in each table of theirs.
   */
  async drain(ms: number): Promise<void> {
    const { clock } = this.#options
    const { quietMs, settleMs } = intakeLimits
    const end = clock.now() + ms
    const isQuiet = await this.#quietFor(quietMs, end - settleMs)
    ;(await this.#source).unsubscribe()
    const hasAll = await this.#settled(settleMs, end)
    if (this.#queue && !(isQuiet && hasAll)) this.#loseRest(this.#queue)
  }

  /** Whether that long nothing has come, until `end` at the latest. */
  async #quietFor(ms: number, end: number): Promise<boolean> {
    const { clock } = this.#options
    for (;;) {
      // What came while the event loop stood still has not been read: nothing is judged before.
      await nextTurn()
      const now = clock.now()
      const quietAt = this.#cameAt + ms
      if (now >= quietAt || now >= end) return now >= quietAt
      await this.#pause(Math.min(quietAt, end) - now)
    }
  }

  /** Whether all is handed on, and for that long nothing has come. */
  async #settled(ms: number, end: number): Promise<boolean> {
    await this.#pause(Math.min(ms, Math.max(0, end - this.#options.clock.now())))
    for (;;) {
      const isQuiet = await this.#quietFor(ms, end)
      if (this.#waiting.isEmpty || this.#options.clock.now() >= end)
        return isQuiet && this.#waiting.isEmpty
      await nextTurn()
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(ms, resolve)
    })
  }

  #loseRest(queue: IntakeQueue): void {
    this.#waiting.letAllGo()
    this.#handOnWaiting(queue, () => false)
    const since = this.#cameAt - intakeLimits.drainMs
    for (const [table, at] of this.#numberedAt) {
      if (at < since) continue
      this.#options.refused(table, overrunReason, 1)
      this.#lose(queue, table, overrunReason, 1)
    }
  }

  async close(): Promise<void> {
    this.#queue = null
    this.#resubscribing?.cancel()
    await (await this.#source).close()
  }

  #onWaiting(): void {
    this.#cameAt = this.#options.clock.now()
    this.#endOfTurn.ask()
  }

  #interrupt(): void {
    this.#waiting.interrupt()
    this.#endOfTurn.ask()
  }

  /** What was under way is lost, and nobody knows what it was. */
  #onInterrupted(message: string): void {
    this.#isInterrupted = true
    this.#interrupt()
    this.#options.warn(message)
  }

  #onStranger(why: string): void {
    const { clock, warn } = this.#options
    if (this.#strangers.admits('', clock.now()))
      warn(`a connection to the intake has ended before its handshake did: ${why}`)
  }

  /** Again: what programs publish until they hear of it is lost too, behind the first loss. */
  #onSubscribed(): void {
    this.#subscribed.resolve()
    if (!this.#isInterrupted) return
    this.#isInterrupted = false
    this.#resubscribing?.cancel()
    const { resubscribedMs } = intakeLimits
    this.#resubscribing = this.#options.clock.after(resubscribedMs, () => this.#interrupt())
  }

  /** Hands on for some milliseconds, then lets GENESIS_CLUSTER do the rest of its work. */
  #turn(): void {
    const queue = this.#queue
    if (!queue) return
    const { clock } = this.#options
    const end = clock.now() + intakeLimits.turnMs
    this.#handOnWaiting(queue, () => clock.now() >= end)
    if (!this.#waiting.isEmpty) this.#endOfTurn.ask()
  }

  #handOnWaiting(queue: IntakeQueue, isOver: () => boolean): void {
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) {
      if (isGap(waiting)) this.#loseGap(queue, waiting)
      else this.#handOn(queue, decodeForeign(waiting))
      if (isOver()) return
    }
  }

  #handOn(queue: IntakeQueue, message: ForeignMessage | RefusedForeign): void {
    if (message.kind === 'refused')
      return this.#refuse(queue, message.table, message.reason, message.path)
    try {
      queue.publish(message.updates)
      this.#numberedAt.set(message.table, this.#cameAt)
    } catch (error) {
      this.#refuse(queue, message.table, reasonOf(error))
    }
  }

  #refuse(queue: IntakeQueue, table: string | null, reason: string, path?: string): void {
    this.#options.refused(table, reason, 1, path)
    this.#lose(queue, table, reason, 1)
  }

  #loseGap(queue: IntakeQueue, { messages, reason, isOfAll }: Gap): void {
    for (const [table, count] of messages) this.#lose(queue, table, reason, count)
    if (isOfAll)
      for (const table of this.#numberedAt.keys()) this.#lose(queue, table, overrunReason, 1)
  }

  #lose(queue: IntakeQueue, table: string | null, reason: string, count: number): void {
    if (table === null) return
    try {
      queue.loseCommits(table, count, reason)
      this.#numberedAt.set(table, this.#cameAt)
    } catch {
      // A table that this publisher cannot have is told to the operator alone.
    }
  }
}

/** What is read and cannot be published: a record too large, a value that no field holds. */
function reasonOf(error: unknown): string {
  const { code } = TidingsError.from(error)
  return code === 'LIMIT_EXCEEDED' || code === 'COMMIT_TOO_LARGE' ? 'too-large' : 'bad-update'
}
