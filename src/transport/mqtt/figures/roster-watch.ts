import { inBackground } from '../../../base/background.ts'
import { every, type Timer } from '../../../base/clock.ts'
import { randomId } from '../../../base/random.ts'
import type { TidingsError } from '../../../base/tidings-error.ts'
import type { ClusterSnapshot } from '../../../model/cluster-snapshot.ts'
import { Condition } from '../../condition.ts'
import { BrokerChoice } from '../broker/broker-choice.ts'
import { BrokerConnection, type Delivered } from '../broker/broker-connection.ts'
import { brokerUnreachable } from '../broker/broker-refusal.ts'
import { shownBroker } from '../broker/broker-url.ts'
import type { Filter } from '../broker/filters.ts'
import { BrokerTopics, type PresenceTopic } from '../naming/broker-topics.ts'
import { clientIdOf } from '../naming/client-id.ts'
import { PresenceBook } from '../presence/presence-book.ts'
import { otherCluster } from '../presence/presence-errors.ts'
import { presenceLimits } from '../presence/presence-limits.ts'
import { decodeCluster, readPresenceRecord } from '../presence/presence-record.ts'
import { RosterSettlement } from '../presence/roster-settlement.ts'
import type { MqttTransportOptions } from '../transport-options.ts'
import { brokerSnapshot, type ToldFigures } from './broker-snapshot.ts'
import { decodeFigures } from './figures-record.ts'

/** What the operator and the caller chose, of the layer and of what is shown. */
export interface RosterWatchOptions extends Omit<
  MqttTransportOptions,
  'qos' | 'processPort' | 'clusterTimeoutMs'
> {
  readonly system: string | null
  /** The hosts of the definition. */
  readonly hosts: readonly string[]
}

/**
 * Watches who is there at a broker, without being one of them: it asks, and keeps what it is told. Nobody needs to know of it,
 * and it leaves nothing at the broker.
 */
export class RosterWatch {
  readonly #options: RosterWatchOptions
  readonly #topics: BrokerTopics
  readonly #id = randomId()
  readonly #book = new PresenceBook()
  readonly #settlement = new RosterSettlement(this.#book, this.#id)
  readonly #figures = new Map<string, ToldFigures>()
  readonly #condition: Condition
  readonly #brokers: BrokerChoice
  readonly #broker: BrokerConnection
  readonly #timer: Timer
  readonly #ended = new AbortController()
  #failure: TidingsError | null = null
  /** Our question has come back: what is said below the root comes here. */
  #isJoined = false
  #rosterAskedAt = -Infinity
  #question = { id: '', askedAt: -Infinity }
  /** The same question may be put again. */
  #figuresAskedAt = -Infinity
  #isAsking = false

  constructor(options: RosterWatchOptions) {
    const { clock } = options
    this.#options = options
    this.#topics = new BrokerTopics(options.queueNamePattern)
    this.#condition = new Condition(clock)
    this.#brokers = new BrokerChoice(options.urls, options.protocolVersion)
    this.#broker = this.#connection()
    this.#broker.subscribe(this.#filters())
    // Some of what is waited for holds when time has gone by.
    this.#timer = every(presenceLimits.quietMs, () => this.#look())
    this.#broker.connect()
  }

  /**
   * The cluster at this moment.
   * @throws TidingsError CLUSTER_UNREACHABLE where the broker has not answered within `withinMs`, ACCESS_DENIED,
   * MODE_MISMATCH
   */
  async snapshot(withinMs: number): Promise<ClusterSnapshot> {
    const { clock, urls } = this.#options
    const until = (holds: () => boolean, ms: number) =>
      this.#condition.until(() => this.#orFail(holds), ms, this.#ended.signal)
    if (!(await until(() => this.#isJoined, withinMs)))
      throw brokerUnreachable(urls, this.#broker, withinMs, this.#topics.root)
    this.#askFigures()
    this.#isAsking = true
    await until(() => this.#haveAllAnswered(clock.now()), presenceLimits.settleWithinMs)
    await until(() => this.#haveAllTold(), presenceLimits.figuresWithinMs)
    this.#isAsking = false
    this.#forget()
    return this.#shown()
  }

  async close(): Promise<void> {
    this.#timer.cancel()
    this.#ended.abort()
    await this.#broker.close(0)
  }

  #orFail(holds: () => boolean): boolean {
    if (this.#failure) throw this.#failure
    return holds()
  }

  #connection(): BrokerConnection {
    const { clientId, clock, connect, node, password, random, tls, username } = this.#options
    const name = { node, process: 'mon', instance: '', incarnation: this.#id }
    const credentials = { username, password, tls, will: null }
    return new BrokerConnection(
      {
        brokers: this.#brokers,
        connect,
        clock,
        random,
        clientId: clientIdOf(clientId, name),
        ...credentials,
      },
      {
        message: (topic, payload, delivered) => this.#take(topic, payload, delivered),
        room: () => null,
        connected: () => {
          this.#book.reconnected()
          this.#askRoster()
        },
        disconnected: () => {
          this.#isJoined = false
          this.#settlement.lost()
        },
        refused: (error) => this.#fail(error),
      },
    )
  }

  #filters(): Filter[] {
    const topics = this.#topics
    const kinds = ['roster', 'gone', 'here', 'told', 'ended'] as const
    return [
      ...kinds.map((kind) => topics.presenceOfAll(kind)),
      topics.cluster,
      topics.figuresOf('+'),
      topics.ask,
    ].map((topic) => ({ topic, qos: 0, isWithoutOwn: false }))
  }

  #take(topic: string, payload: Buffer, delivered: Delivered): void {
    const presence = this.#topics.readPresence(topic)
    const teller = this.#topics.readFigures(topic)
    if (presence) this.#takePresence(presence, payload, delivered)
    else if (teller !== null) this.#takeFigures(teller, payload)
    else if (topic === this.#topics.cluster) this.#takeCluster(payload)
    else if (topic === this.#topics.ask && payload.toString() === this.#id) this.#join()
    this.#condition.changed()
  }

  #takePresence(topic: PresenceTopic, payload: Buffer, { isRetained }: Delivered): void {
    const now = this.#options.clock.now()
    const { kind, incarnation } = topic
    if (kind === 'gone') {
      if (payload.length === 0) this.#book.willDeleted(incarnation, now)
      else this.#book.will(incarnation, !isRetained, now)
      this.#settlement.heard(null, now)
      return
    }
    const said = readPresenceRecord(topic, payload)
    if (!said) return
    if (kind === 'told') this.#book.toldByOther(said, now)
    else this.#book.take(said, !isRetained, now)
    this.#settlement.heard(kind === 'here' ? said.known : null, now)
  }

  #takeFigures(incarnation: string, payload: Buffer): void {
    const figures = decodeFigures(payload)
    const { id, askedAt } = this.#question
    if (!figures?.questions.includes(id)) return
    this.#figures.set(incarnation, { figures, askedAt, toldAt: this.#options.clock.now() })
  }

  #takeCluster(payload: Buffer): void {
    const said = decodeCluster(payload)
    const { cluster = '' } = this.#options
    if (said && said.cluster !== cluster && said.cluster !== '' && cluster !== '')
      this.#fail(otherCluster(cluster, said.cluster, this.#topics.root))
  }

  #look(): void {
    const now = this.#options.clock.now()
    const { askAgainMs } = presenceLimits
    const isLate = now - this.#rosterAskedAt >= askAgainMs
    if (this.#isJoined && isLate && !this.#haveAllAnswered(now)) this.#askRoster()
    const isUntold = this.#isAsking && now - this.#figuresAskedAt >= askAgainMs
    if (this.#isJoined && isUntold && !this.#haveAllTold()) this.#putQuestion()
    this.#condition.changed()
  }

  #join(): void {
    if (this.#isJoined) return
    this.#isJoined = true
    this.#settlement.asked(this.#options.clock.now())
  }

  #askRoster(): void {
    this.#rosterAskedAt = this.#options.clock.now()
    inBackground(this.#broker.put(this.#topics.ask, Buffer.from(this.#id)), () => {})
  }

  /** At QoS 0 something may have been dropped: who is there is asked again once in a while. */
  #askFigures(): void {
    const { clock } = this.#options
    if (clock.now() - this.#rosterAskedAt >= presenceLimits.askRegularlyMs) this.#askRoster()
    this.#question = { id: randomId(), askedAt: clock.now() }
    this.#putQuestion()
  }

  #putQuestion(): void {
    this.#figuresAskedAt = this.#options.clock.now()
    const question = Buffer.from(this.#question.id)
    inBackground(this.#broker.put(this.#topics.figures, question), () => {})
  }

  /** Each has said itself that it is there, or is silent for long. */
  #haveAllAnswered(now: number): boolean {
    return this.#settlement.isSettledWith(this.#book.living(), now)
  }

  #haveAllTold(): boolean {
    const { askedAt } = this.#question
    return [...this.#book.living()].every(
      ({ incarnation, isConfirmed, presence }) =>
        !isConfirmed || presence !== 'here' || this.#figures.get(incarnation)?.askedAt === askedAt,
    )
  }

  /** What is known no more, and figures of who was not heard this time. */
  #forget(): void {
    this.#book.news(this.#options.clock.now())
    const { askedAt } = this.#question
    for (const [incarnation, told] of this.#figures)
      if (told.askedAt !== askedAt) this.#figures.delete(incarnation)
  }

  #shown(): ClusterSnapshot {
    const { clock, hosts, node, system } = this.#options
    const { url, version } = this.#brokers.current
    return brokerSnapshot({
      system,
      node,
      hosts,
      broker: { url: shownBroker(url), protocol: version === 5 ? '5' : '3.1.1' },
      processes: this.#book.all(),
      figures: this.#figures,
      now: clock.now(),
      wallClock: clock.wallClock(),
    })
  }

  #fail(error: TidingsError): void {
    this.#failure ??= error
    this.#condition.changed()
  }
}
