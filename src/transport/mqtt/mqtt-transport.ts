import { inBackground } from '../../base/background.ts'
import { RateLimit } from '../../base/rate-limit.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { Hop } from '../../model/hop.ts'
import { noConnections } from '../../model/new-registration.ts'
import type { Place } from '../../model/place.ts'
import type { ConnectionCounts, Registration } from '../../model/roster-entry.ts'
import { Condition } from '../condition.ts'
import { HopEvents } from '../hop-events.ts'
import { Refusals } from '../refusals.ts'
import type { Transport, TransportHandlers } from '../transport.ts'
import { BrokerChoice } from './broker/broker-choice.ts'
import { BrokerConnection } from './broker/broker-connection.ts'
import { brokerUnreachable } from './broker/broker-refusal.ts'
import { MqttDataPlane } from './data-plane.ts'
import { OwnFigures } from './figures/own-figures.ts'
import { BrokerTopics } from './naming/broker-topics.ts'
import { clientIdOf } from './naming/client-id.ts'
import { mqttPlace } from './presence/mqtt-place.ts'
import { presenceLimits } from './presence/presence-limits.ts'
import { willPayload } from './presence/witness.ts'
import { MqttRosterPlane } from './roster-plane.ts'
import type { MqttTransportOptions } from './transport-options.ts'

/** The connection is made anew on request once within this many milliseconds: a second time would only cut the first short. */
const renewalIntervalMs = 2_000

/** What `open()` sets up first; all of it stays until `close()`. */
interface Planes {
  readonly broker: BrokerConnection
  readonly data: MqttDataPlane
  readonly roster: MqttRosterPlane
  readonly figures: OwnFigures
}

/** One process's place at an MQTT broker: one connection, which carries both planes. */
export class MqttTransport implements Transport {
  readonly #options: MqttTransportOptions
  readonly #topics: BrokerTopics
  readonly #condition: Condition
  readonly #refusals = new Refusals()
  readonly #renewals = new RateLimit(renewalIntervalMs)
  readonly #events: HopEvents
  #handlers: TransportHandlers | null = null
  #planes: Planes | null = null
  #place: Place | null = null
  /** Why `open()` must end. */
  #failure: TidingsError | null = null
  #opened = false
  #closing: Promise<void> | null = null

  constructor(options: MqttTransportOptions) {
    this.#options = options
    this.#topics = new BrokerTopics(options.queueNamePattern)
    this.#condition = new Condition(options.clock)
    this.#events = new HopEvents(
      () => 'broker',
      (event) => {
        if (!this.#closing) this.#handlers?.event(event)
      },
    )
  }

  get node(): string {
    return this.#options.node
  }

  get port(): number | null {
    return this.#place === null ? null : this.#options.processPort
  }

  async open(
    given: Registration,
    handlers: TransportHandlers,
    signal: AbortSignal,
  ): Promise<Registration> {
    if (this.#handlers) throw new TidingsError('USAGE', 'a transport is opened once')
    this.#handlers = handlers
    try {
      const registration = this.#placed(given)
      await this.#establish(registration, signal)
      this.#opened = true
      return registration
    } catch (error) {
      await this.close(0)
      throw TidingsError.from(error)
    }
  }

  send(topic: string, message: Uint8Array): void {
    this.#live()?.data.send(topic, message)
  }

  request(frame: Uint8Array, publishers: readonly string[] | null): void {
    this.#live()?.data.request(frame, publishers)
  }

  subscribe(topicPrefix: string): void {
    this.#live()?.data.subscribe(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    this.#live()?.data.unsubscribe(topicPrefix)
  }

  register(registration: Registration): void {
    const live = this.#live()
    if (!live) return
    const placed = { ...registration, node: this.node, place: this.#place }
    live.roster.register(placed)
    live.figures.note(placed)
  }

  hops(): readonly Hop[] {
    return this.#planes?.data.hops() ?? []
  }

  renew(_hop: Hop, incarnation: string): void {
    const live = this.#live()
    if (!live || !this.#renewals.admits('broker', this.#options.clock.now())) return
    this.#events.renewed('broker', `nothing is heard of ${incarnation}`)
    live.broker.renew()
  }

  connections(): ConnectionCounts {
    return this.#planes?.data.connections() ?? noConnections
  }

  close(lingerMs: number): Promise<void> {
    return (this.#closing ??= this.#close(lingerMs))
  }

  /** The end of who has not said it yet takes its time, however short `lingerMs` is. */
  async #close(lingerMs: number): Promise<void> {
    this.#failure ??= new TidingsError('CLOSED', 'the transport was closed')
    this.#condition.changed()
    this.#planes?.roster.close()
    this.#planes?.figures.close()
    await this.#planes?.broker.close(Math.max(lingerMs, presenceLimits.farewellMs))
  }

  /** null once it is closed: what is said after that is said to nobody. */
  #live(): Planes | null {
    if (this.#closing) return null
    if (!this.#planes) throw new TidingsError('USAGE', 'the transport is not open yet')
    return this.#planes
  }

  #placed(given: Registration): Registration {
    const { clientId, processPort } = this.#options
    const registration = { ...given, node: this.node }
    if (given.role === 'process')
      this.#place = mqttPlace(clientIdOf(clientId, registration), processPort)
    return { ...registration, place: this.#place }
  }

  async #establish(registration: Registration, signal: AbortSignal): Promise<void> {
    const { clock, clusterTimeoutMs } = this.#options
    const deadline = clock.now() + clusterTimeoutMs
    const until = async (holds: () => boolean): Promise<void> => {
      const reached = () => {
        if (this.#failure) throw this.#failure
        return holds()
      }
      const leftMs = Math.max(0, deadline - clock.now())
      if (!(await this.#condition.until(reached, leftMs, signal))) throw this.#unreachable()
    }
    // Before anything is set up: who has given up already leaves no trace.
    await until(() => true)
    const { broker, roster } = this.#setUp(registration)
    broker.connect()
    await until(() => roster.isNameSettled)
    roster.claim()
    await until(() => roster.hasName)
    if (!roster.hasHistory) roster.beginHistory()
    await until(() => roster.hasHistory)
    // Who opens, publishes and closes at once has to know whom to wait for.
    roster.tell()
  }

  #setUp(registration: Registration): Planes {
    const { clock, cluster, foreign = null, qos, random } = this.#options
    const topics = this.#topics
    const { incarnation } = registration
    const broker = this.#connection(registration)
    const hasIntake = () => roster.hasIntake
    const data = new MqttDataPlane(
      { incarnation, broker, topics, qos, refusals: this.#refusals, foreign, hasIntake },
      {
        message: (message) => this.#tell((told) => told.message(message)),
        request: (frame) => this.#tell((told) => told.request(frame)),
      },
    )
    const figures = new OwnFigures(broker, topics, clock, registration)
    let isAgain = false
    const roster = new MqttRosterPlane(
      { registration, cluster: cluster ?? '', broker, topics, clock, random },
      {
        changed: () => this.#condition.changed(),
        roster: (change) => this.#tell((told) => told.roster(change)),
        registered: (taken) => this.#tell((told) => told.registered(taken)),
        joined: () => {
          if (isAgain && this.#opened) {
            this.#events.tell({ type: 'cluster-found' })
            this.#tell((told) => told.reconnected())
          }
          isAgain = true
        },
        tick: () => {
          figures.tick(clock.now())
          for (const event of this.#refusals.take()) this.#events.tell(event)
        },
        failed: (error) => this.#fail(error),
      },
    )
    this.#planes = { broker, data, roster, figures }
    return this.#planes
  }

  #connection(registration: Registration): BrokerConnection {
    const { clientId, clock, connect, password, protocolVersion, random, tls, urls, username } =
      this.#options
    const topics = this.#topics
    const will = {
      topic: topics.presence('gone', registration.incarnation),
      payload: willPayload,
      expiryMs: presenceLimits.entryExpiryMs,
    }
    const brokers = new BrokerChoice(urls, protocolVersion)
    const id = clientIdOf(clientId, registration)
    return new BrokerConnection(
      { brokers, connect, clock, random, clientId: id, username, password, tls, will },
      {
        message: (topic, payload, delivered) => {
          if (this.#closing || !this.#planes) return
          const { data, figures, roster } = this.#planes
          const presence = topics.readPresence(topic)
          if (presence) roster.take(presence, payload, delivered)
          else if (topic === topics.cluster) roster.takeCluster(payload)
          else if (topic === topics.ask) roster.takeQuestion(payload.toString())
          else if (topic === topics.figures) figures.takeQuestion(payload)
          // What is retained comes right behind the subscription, and goes no further than to be counted.
          else if (this.#opened || delivered.isRetained)
            data.take(topic, payload, delivered.isRetained)
        },
        room: () => this.#handlers?.room?.() ?? null,
        connected: (at) => {
          this.#events.connected(at)
          this.#planes?.roster.connected()
          this.#planes?.figures.connected()
        },
        disconnected: (at, why) => {
          this.#planes?.roster.disconnected()
          this.#events.disconnected(at)
          if (!this.#opened) return
          this.#events.tell({ type: 'cluster-lost' })
          if (!this.#closing) this.#options.foreign?.interrupted(at, why)
        },
        refused: (error) => this.#fail(error),
      },
    )
  }

  #unreachable(): TidingsError {
    const { clusterTimeoutMs, urls } = this.#options
    return brokerUnreachable(urls, this.#planes?.broker, clusterTimeoutMs, this.#topics.root)
  }

  #tell(tell: (handlers: TransportHandlers) => void): void {
    if (!this.#closing && this.#handlers) tell(this.#handlers)
  }

  #fail(error: TidingsError): void {
    if (this.#closing) return
    this.#failure ??= error
    this.#condition.changed()
    if (!this.#opened) return
    inBackground(this.close(0), () => {})
    this.#handlers?.failed(error)
  }
}
