import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { ProcessHealth } from '../model/process-health.ts'
import type { Registration } from '../model/roster-entry.ts'
import type { Publisher } from '../publisher/publisher.ts'
import type { Subscriber } from '../subscriber/subscriber.ts'
import type { Transport } from '../transport/transport.ts'
import { endedAckMs } from './queue-times.ts'

/** What a process says of itself to its GENESIS_CLUSTER. */
export class OwnRegistration {
  readonly #transport: Transport
  readonly #publisher: Publisher
  readonly #subscriber: Subscriber
  readonly #health: () => ProcessHealth
  #given: Registration
  #isClosed = false
  /** Commits that were numbered when it was said last. */
  #commits = 0
  /** How it was when it was said last. */
  #saidHealth: ProcessHealth | null = null
  #onEndTaken: (() => void) | null = null
  /** Tables that GENESIS_CLUSTER has from this process, and who waits for it to have more. */
  #taken: ReadonlySet<string> = new Set()
  readonly #waiting = new Set<{ tables: readonly string[]; settled: PromiseWithResolvers<void> }>()

  /** `given`: what stays as it is, the names above all. */
  constructor(
    given: Registration,
    transport: Transport,
    publisher: Publisher,
    subscriber: Subscriber,
    health: () => ProcessHealth,
  ) {
    this.#given = given
    this.#transport = transport
    this.#publisher = publisher
    this.#subscriber = subscriber
    this.#health = health
  }

  /** GENESIS_CLUSTER has taken it, and the layer has given it a place. */
  opened(given: Registration): void {
    this.#given = given
    this.onTaken(given)
  }

  /** Resolves when GENESIS_CLUSTER has these tables, too; rejects with CLOSED where the queue ends before. */
  declare(tables: readonly string[]): Promise<void> {
    this.#publisher.declare(tables)
    const settled = Promise.withResolvers<void>()
    this.#waiting.add({ tables, settled })
    this.#settleKnown()
    return settled.promise
  }

  /** To be said now. */
  current(): Registration {
    const { state } = this.#publisher
    this.#saidHealth = this.#health()
    return {
      ...this.#given,
      publishes: this.#publisher.publishes,
      subscribes: this.#subscriber.tables,
      state,
      last: state === 'alive' ? null : this.#publisher.lastNumbered,
      connections: this.#transport.connections(),
      sequences: this.#publisher.lastNumbered,
      health: this.#saidHealth,
    }
  }

  /** At the end of a turn, before what it has published: of 3,000 new tables in one each would name all the others again. */
  sayChanged(): void {
    if (this.#publisher.hasNewRegistration) this.say()
  }

  /** Where something was published since it was said last, or its health is another one: the transport repeats what stays as it is. */
  report(): void {
    const hasPublished = this.#publisher.published.commits !== this.#commits
    if (hasPublished || !isDeepStrictEqual(this.#health(), this.#saidHealth)) this.say()
  }

  say(): void {
    if (this.#isClosed) return
    this.#publisher.registrationSaid()
    this.#commits = this.#publisher.published.commits
    this.#transport.register(this.current())
  }

  /** Says that this process has ended, and waits a moment for GENESIS_CLUSTER to take note. */
  sayEnded(clock: Clock): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = clock.after(endedAckMs, resolve)
      this.#onEndTaken = () => {
        timer.cancel()
        resolve()
      }
      this.say()
    })
  }

  /** GENESIS_CLUSTER has taken note of this. */
  onTaken({ state, publishes }: Registration): void {
    this.#taken = new Set(publishes)
    this.#settleKnown()
    if (state === 'ended') this.#onEndTaken?.()
  }

  close(): void {
    this.#isClosed = true
    for (const { settled } of this.#waiting)
      settled.reject(
        new TidingsError('CLOSED', 'the queue was closed before its tables were known'),
      )
    this.#waiting.clear()
  }

  #settleKnown(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.tables.every((table) => this.#taken.has(table))) continue
      this.#waiting.delete(waiting)
      waiting.settled.resolve()
    }
  }
}
