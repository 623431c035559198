import { setImmediate as nextTurn } from 'node:timers/promises'
import { TidingsError } from '../base/tidings-error.ts'
import { type Clock, pause } from '../base/clock.ts'
import { decodeForeign } from '../wire/foreign.ts'
import type { ForeignMessage, RefusedForeign } from '../wire/foreign.ts'
import { ForeignPort } from './foreign-port.ts'
import { intakeLimits } from './intake-limits.ts'
import { isOverrun, WaitingMessages } from './waiting-messages.ts'
import type { Overrun } from './waiting-messages.ts'

/** Where what foreign programs publish goes on, numbered. */
export interface IntakeQueue {
  publish(updates: ForeignMessage['updates']): unknown
  /** Numbers `count` commits of one update each that subscribers are told of as lost. */
  loseCommits(table: string, count: number, why: string): void
}

export interface IntakeOptions {
  readonly clock: Clock
  /** Bytes that may wait to be read; default `intakeLimits.waitingBytes`. */
  readonly waitingBytes?: number
  /** So many messages were not taken, for this reason. `table`: null where the topic names none. */
  readonly refused: (table: string | null, reason: string, count: number) => void
}

/**
 * Takes what foreign programs publish at the inbound port of the node, reads it once, and hands it on
 * as commits of one publisher, in order. What cannot be read or taken has numbers too: subscribers of
 * its table learn that there was something.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #waiting: WaitingMessages
  readonly #subscribed = Promise.withResolvers<void>()
  readonly #port: Promise<ForeignPort>
  #queue: IntakeQueue | null = null
  #isTurnScheduled = false
  /** When the last message came. */
  #cameAt = -Infinity
  /** When something of each table was numbered last. */
  readonly #numberedAt = new Map<string, number>()

  private constructor(options: IntakeOptions) {
    this.#options = options
    this.#waiting = new WaitingMessages(options.waitingBytes)
    this.#port = ForeignPort.open({
      message: (frames) => {
        this.#cameAt = options.clock.now()
        this.#waiting.push(frames)
        this.#scheduleTurn()
      },
      subscribed: () => this.#subscribed.resolve(),
    })
  }

  static async open(options: IntakeOptions): Promise<Intake> {
    const intake = new Intake(options)
    await intake.#port
    return intake
  }

  /** Where the inbound proxy is to connect to. */
  async endpoint(): Promise<string> {
    return (await this.#port).endpoint
  }

  /** Messages let go since it was opened, because too much waited. */
  get overrun(): number {
    return this.#waiting.overrun
  }

  /** Resolves when the inbound proxy has connected and knows what is wanted. */
  get subscribed(): Promise<void> {
    return this.#subscribed.promise
  }

  /** What comes goes there from now on; null: it waits. */
  leadTo(queue: IntakeQueue | null): void {
    this.#queue = queue
    this.#scheduleTurn()
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
    ;(await this.#port).unsubscribe()
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
      await pause(Math.min(quietAt, end) - now)
    }
  }

  /** Whether all is handed on, and for that long nothing has come. */
  async #settled(ms: number, end: number): Promise<boolean> {
    await pause(Math.min(ms, Math.max(0, end - this.#options.clock.now())))
    for (;;) {
      const isQuiet = await this.#quietFor(ms, end)
      if (this.#waiting.isEmpty || this.#options.clock.now() >= end)
        return isQuiet && this.#waiting.isEmpty
      await nextTurn()
    }
  }

  #loseRest(queue: IntakeQueue): void {
    const rest = this.#waiting.letAllGo()
    const since = this.#cameAt - intakeLimits.drainMs
    for (const [table, at] of this.#numberedAt)
      if (at >= since) rest.messages.set(table, (rest.messages.get(table) ?? 0) + 1)
    this.#lose(queue, rest)
  }

  async close(): Promise<void> {
    this.#queue = null
    await (await this.#port).close()
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return
    this.#isTurnScheduled = true
    this.#options.clock.endOfTurn(() => {
      this.#isTurnScheduled = false
      this.#turn()
    })
  }

  /** Hands on for some milliseconds, then lets GENESIS_CLUSTER do the rest of its work. */
  #turn(): void {
    const queue = this.#queue
    if (!queue) return
    const { clock } = this.#options
    const end = clock.now() + intakeLimits.turnMs
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) {
      if (isOverrun(waiting)) this.#lose(queue, waiting)
      else this.#handOn(queue, decodeForeign(waiting))
      if (clock.now() >= end) break
    }
    if (!this.#waiting.isEmpty) this.#scheduleTurn()
  }

  #handOn(queue: IntakeQueue, message: ForeignMessage | RefusedForeign): void {
    if (message.kind === 'refused') return this.#refuse(queue, message.table, message.reason, 1)
    try {
      queue.publish(message.updates)
      this.#numberedAt.set(message.table, this.#cameAt)
    } catch (error) {
      this.#refuse(queue, message.table, reasonOf(error), 1)
    }
  }

  #lose(queue: IntakeQueue, { messages }: Overrun): void {
    for (const [table, count] of messages) this.#refuse(queue, table, 'foreign-overrun', count)
  }

  #refuse(queue: IntakeQueue, table: string | null, reason: string, count: number): void {
    this.#options.refused(table, reason, count)
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
