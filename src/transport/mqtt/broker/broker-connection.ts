import type { IConnackPacket, IPublishPacket, MqttClient } from 'mqtt'
import { inBackground } from '../../../base/background.ts'
import type { Clock, Timer } from '../../../base/clock.ts'
import { pause } from '../../../base/clock.ts'
import type { Random } from '../../../base/random.ts'
import { TidingsError } from '../../../base/tidings-error.ts'
import { type ClientChoice, type ConnectToBroker, startClient } from './broker-client.ts'
import { isTakenOver, refusalOf, SharedIdError } from './broker-refusal.ts'
import { BrokerChoice } from './broker-choice.ts'
import { shownBroker } from './broker-url.ts'
import { BrokerWords } from './broker-words.ts'
import { mqttLimits } from './mqtt-limits.ts'
import { type OutgoingPacket, PacketQueue, type Qos } from './packet-queue.ts'
import { type Filter, Filters } from './filters.ts'
import { Takeovers } from './takeovers.ts'
import { withoutDelay } from './without-delay.ts'

interface BrokerConnectionOptions extends ClientChoice {
  readonly brokers: BrokerChoice
  readonly connect: ConnectToBroker
  readonly clock: Clock
  readonly random: Random
}

/** What the broker says of a message beside it. */
export interface Delivered {
  /** It was kept from before our subscription. */
  readonly isRetained: boolean
  /** For how long the broker would have kept it yet; null: it does not say. */
  readonly expiryMs: number | null
}

export interface BrokerHandlers {
  message(topic: string, payload: Buffer, delivered: Delivered): void
  /** Asked after each message: see `DataHandlers.room()`. */
  room(): Promise<void> | null
  /** The broker has taken us, and what is subscribed to was asked of it. */
  connected(broker: string): void
  disconnected(broker: string, why: string): void
  /** The broker will not have us, or not as we are: nothing more is tried. */
  refused(error: TidingsError): void
}

/** Looks so often whether all has left, while it closes. */
const closingPollMs = 5

/** What closing takes at most beyond its time: the farewell of MQTT and of TCP. */
const farewellMs = 200

/** One connection at a time, made anew when it ends. What was under way with it is lost: see `clientOptions()`. */
export class BrokerConnection {
  readonly #options: BrokerConnectionOptions
  readonly #handlers: BrokerHandlers
  readonly #filters: Filters
  readonly #queue = new PacketQueue()
  /** Somebody waits for their end, which MQTT.js does not tell when the connection ends. */
  readonly #awaited = new Set<OutgoingPacket>()
  readonly #takeovers = new Takeovers()
  #words = BrokerWords.none
  #isPumping = false
  #client: MqttClient | null = null
  #isConnected = false
  #waitsForDrain = false
  #timer: Timer | null = null
  #isClosed = false
  #why: string | null = null

  constructor(options: BrokerConnectionOptions, handlers: BrokerHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#filters = new Filters(options.clock, (error) => this.#refuse(error))
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** Why the last connection or attempt has ended; null: none has. */
  get why(): string | null {
    return this.#why
  }

  /** Messages that found too much waiting. */
  get dropped(): number {
    return this.#queue.dropped
  }

  /** Bytes of topic and payload of a message at most; meaningful while connected. */
  get messageBytes(): number {
    return this.#words.packetBytes - mqttLimits.packetOverheadBytes
  }

  connect(): void {
    if (this.#isClosed) return
    const { brokers, connect } = this.#options
    const { url, version } = brokers.current
    const client = startClient(connect, url, this.#options, version)
    this.#client = client
    // Two reads of a socket may bring the broker's answer and messages together: all handlers are there before.
    client.stream.on('connect', () => brokers.reached())
    client.on('packetreceive', () => brokers.answered())
    client.on('connect', (packet) => {
      if (this.#client === client && !this.#isClosed) this.#begin(client, packet)
    })
    client.on('message', (topic, payload, packet) => {
      if (this.#client === client && !this.#isClosed) this.#take(topic, payload, packet)
    })
    client.handleMessage = (_packet, done) => this.#whenRoom(done)
    client.on('disconnect', ({ reasonCode }) => {
      this.#why = `the broker has ended the connection, reason ${reasonCode}`
      if (isTakenOver(reasonCode)) this.#refuse(new SharedIdError(shownBroker(url), this.#clientId))
    })
    client.on('error', (error) => {
      this.#why = error.message
      const code = (error as { code?: unknown }).code
      if (typeof code === 'number' && brokers.refused(code)) return
      const refusal = this.#isConnected ? null : refusalOf(shownBroker(url), this.#clientId, error)
      if (refusal) this.#refuse(refusal)
    })
    client.on('close', () => {
      if (this.#client === client) this.#end(url)
    })
  }

  subscribe(filters: readonly Filter[]): void {
    for (const filter of filters) this.#filters.add(filter)
    if (this.#client && this.#isConnected) this.#filters.ask(this.#client, filters, this.#words)
  }

  unsubscribe(topic: string): void {
    if (this.#filters.remove(topic) && this.#client && this.#isConnected)
      this.#client.unsubscribe(topic, () => {})
  }

  /** What may be dropped where too much waits, or nobody is connected. False: it was. */
  send(topic: string, payload: Uint8Array, qos: Qos): boolean {
    if (!this.#isConnected) return false
    const most = this.#words.qos
    const packet = { topic, payload, qos: qos < most ? qos : most, isRetained: false }
    const isTaken = this.#queue.add({ ...packet, expiryMs: null, done: null })
    if (isTaken) this.#pump()
    return isTaken
  }

  /**
   * What is few and is not dropped, acknowledged by the broker. Rejects when the connection ends before.
   * `expiryMs`: it is retained for so long; left out: it is not retained; null: for ever.
   */
  put(topic: string, payload: Uint8Array, expiryMs?: number | null): Promise<void> {
    if (!this.#isConnected) return Promise.reject(new Error(this.#why ?? 'not connected yet'))
    return new Promise((resolve, reject) => {
      const packet: OutgoingPacket = {
        topic,
        payload,
        qos: this.#words.qos === 0 ? 0 : 1,
        isRetained: expiryMs !== undefined,
        expiryMs: expiryMs ?? null,
        done: (error) => {
          this.#awaited.delete(packet)
          if (error) reject(error)
          else resolve()
        },
      }
      this.#awaited.add(packet)
      this.#queue.add(packet)
      this.#pump()
    })
  }

  /** The connection is given up, and made anew. */
  renew(): void {
    this.#client?.end(true)
  }

  /** Sends what waits, for so long at most. Idempotent. */
  async close(lingerMs: number): Promise<void> {
    const { clock } = this.#options
    this.#timer?.cancel()
    const deadline = clock.now() + lingerMs
    while (this.#isConnected && !this.#isClosed && !this.#queue.isEmpty && clock.now() < deadline)
      await pause(closingPollMs)
    const client = this.#client
    this.#isClosed = true
    this.#filters.close()
    if (!client) return
    const { promise, resolve } = Promise.withResolvers<void>()
    client.once('close', () => resolve())
    client.end(!this.#isConnected || !this.#queue.isEmpty)
    const timer = clock.after(farewellMs, () => {
      client.end(true)
      resolve()
    })
    await promise
    timer.cancel()
  }

  get #clientId(): string {
    return this.#options.clientId
  }

  #begin(client: MqttClient, { properties }: IConnackPacket): void {
    const { brokers, clock } = this.#options
    withoutDelay(client)
    this.#words = BrokerWords.of(properties, brokers.current.version)
    this.#queue.begin(this.#words.unacknowledged)
    this.#waitsForDrain = false
    this.#isConnected = true
    this.#why = null
    this.#takeovers.connected(clock.now())
    brokers.accepted()
    this.#filters.ask(client, [...this.#filters.all()], this.#words)
    this.#handlers.connected(shownBroker(brokers.current.url))
  }

  #take(topic: string, payload: Buffer, { retain, properties }: IPublishPacket): void {
    const seconds = properties?.messageExpiryInterval
    const expiryMs = seconds === undefined ? null : seconds * 1000
    this.#handlers.message(topic, payload, { isRetained: retain, expiryMs })
  }

  /** Nothing more is read from the socket until then. */
  #whenRoom(resume: () => void): void {
    const room = this.#isClosed ? null : this.#handlers.room()
    if (room === null) resume()
    else
      inBackground(
        room.finally(() => resume()),
        () => {},
      )
  }

  /** The connection has ended, or the attempt. */
  #end(url: string): void {
    const { brokers, clock, random } = this.#options
    this.#client = null
    const wasConnected = this.#isConnected
    this.#isConnected = false
    this.#why ??= 'the connection was closed'
    this.#filters.lost()
    const error = new Error(this.#why)
    this.#queue.end(error)
    for (const { done } of this.#awaited) done?.(error)
    if (this.#isClosed) return
    if (wasConnected) {
      this.#handlers.disconnected(shownBroker(url), this.#why)
      if (this.#takeovers.disconnected(clock.now()))
        return this.#refuse(new SharedIdError(shownBroker(url), this.#clientId))
    }
    const pauseMs = brokers.next() * (1 - random() / 2)
    this.#timer = clock.after(pauseMs, () => this.connect())
  }

  #refuse(error: TidingsError): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    this.#filters.close()
    this.#client?.end(true)
    this.#handlers.refused(error)
  }

  /**
   * MQTT.js calls back from within `publish()` where it can write at once, and while it lets go of all in flight: a pump that
   * runs already goes on by itself.
   */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    const client = this.#client
    while (client && this.#isConnected && this.#client === client && !this.#waitsForDrain) {
      const packet = this.#queue.next()
      if (!packet) break
      this.#publish(client, packet)
    }
    this.#isPumping = false
  }

  #publish(client: MqttClient, packet: OutgoingPacket): void {
    const { topic, payload, qos, isRetained, expiryMs, done } = packet
    const properties =
      expiryMs !== null && this.#options.brokers.current.version === 5
        ? { properties: { messageExpiryInterval: expiryMs / 1000 } }
        : {}
    client.publish(
      topic,
      payload as Buffer,
      { qos, retain: isRetained, ...properties },
      (error) => {
        if (qos > 0 && this.#client === client) {
          this.#queue.acknowledged()
          this.#pump()
        }
        done?.(error ?? null)
      },
    )
    const { stream } = client as unknown as {
      stream: { writableLength: number; once(event: 'drain', run: () => void): void }
    }
    if (stream.writableLength <= mqttLimits.aheadBytes) return
    this.#waitsForDrain = true
    stream.once('drain', () => {
      if (this.#client !== client) return
      this.#waitsForDrain = false
      this.#pump()
    })
  }
}
