import { systemClock } from '../../../base/clock.ts'
import { randomId } from '../../../base/random.ts'
import { TidingsError } from '../../../base/tidings-error.ts'
import type { ConnectToBroker, ProtocolVersion, Will } from '../broker/broker-client.ts'
import { isOtherProtocol } from '../broker/broker-refusal.ts'
import { mqttLimits } from '../broker/mqtt-limits.ts'
import type { Qos } from '../broker/packet-queue.ts'
import { BrokerTopics } from '../naming/broker-topics.ts'
import { clientIdOf } from '../naming/client-id.ts'
import type { MqttTransportOptions } from '../transport-options.ts'
import { ProbeClient, type ConnectionRefused } from './probe-client.ts'
import { probePayload, type TopicAccess } from './probed-topics.ts'
import { tryTopics } from './topic-trials.ts'

/** What the definition says of the brokers and of how to come in. */
export interface BrokerCheckOptions extends Pick<
  MqttTransportOptions,
  'node' | 'clientId' | 'queueNamePattern' | 'username' | 'password' | 'tls' | 'protocolVersion'
> {
  readonly connect: ConnectToBroker
}

/** A broker that has taken a connection. */
export interface TakenBy {
  readonly url: string
  readonly version: ProtocolVersion
  readonly maximumQos: Qos
  /** Bytes of a packet at most; null: it does not say. */
  readonly packetBytes: number | null
  readonly keepsRetained: boolean
  readonly knowsWildcards: boolean
}

/** What is kept comes to who subscribes later, by a wildcard or only by its exact topic. */
export type RetainedAccess = 'by wildcard' | 'by topic' | 'not at all'

/** Times of rounds with a broker, milliseconds: three of four take longer. */
export interface RoundTimes {
  /** Of a question that is answered at once, on a connection where nothing else is under way. */
  readonly ping: number
  /** Of a message that is acknowledged and comes back: two packets in a row to one client. */
  readonly message: number
}

/** What is tried with retained messages is forgotten by brokers of MQTT 5 after so long, milliseconds. */
const keptMs = 60_000

const nothing = Buffer.alloc(0)

/** Rounds that are measured, after as many that are not: at first a system acknowledges all at once. */
const rounds = 20

/** Tries at brokers what processes do. Each trial has connections of its own, since a broker may end one that asks too much. */
export class BrokerCheck {
  readonly #options: BrokerCheckOptions
  readonly #topics: BrokerTopics
  readonly #opening = new Set<Promise<ProbeClient | ConnectionRefused>>()
  readonly #clients = new Set<ProbeClient>()
  /** Topics on which the broker may keep a message of ours. */
  readonly #kept = new Map<string, TakenBy>()
  #closing: Promise<void> | null = null

  constructor(options: BrokerCheckOptions) {
    this.#options = options
    this.#topics = new BrokerTopics(options.queueNamePattern)
  }

  get root(): string {
    return this.#topics.root
  }

  /** In MQTT 5, and in 3.1.1 where the broker does not know it. */
  async reach(url: string): Promise<TakenBy | ConnectionRefused> {
    const { protocolVersion } = this.#options
    const first = await this.#open(url, protocolVersion ?? 5)
    const isOther = 'code' in first && (first.code === null || isOtherProtocol(codeOf(first)))
    const answer = isOther && protocolVersion === undefined ? await this.#open(url, 4) : first
    if ('code' in answer) return answer
    const { said, version, words } = answer
    await answer.end()
    return {
      url,
      version,
      maximumQos: words.qos,
      packetBytes: version === 5 ? words.packetBytes : null,
      keepsRetained: said.retainAvailable !== false,
      knowsWildcards: said.wildcardSubscriptionAvailable !== false,
    }
  }

  /** What of all that processes publish and read goes through; `tables`: those that are in use. */
  access(at: TakenBy, tables: readonly string[]): Promise<TopicAccess[]> {
    return tryTopics(this.#topics, tables, () => this.#reopen(at))
  }

  async grantedQos(at: TakenBy, qos: Qos): Promise<number | null> {
    const client = await this.#reopen(at)
    const granted = await client.subscribe(this.#topics.presence('echo', randomId()), qos)
    await client.end()
    return granted
  }

  /** Whether a packet of so many bytes goes to the broker and comes back. */
  async carries(at: TakenBy, packetBytes: number): Promise<boolean> {
    const client = await this.#reopen(at)
    const topic = this.#topics.presence('echo', randomId())
    await client.subscribe(topic, 0)
    const bytes = packetBytes - mqttLimits.packetOverheadBytes - Buffer.byteLength(topic)
    const payload = Buffer.alloc(bytes, 'x')
    const comes = client.expect((heard) => heard.payload.length === bytes)
    await client.publish(topic, payload)
    const came = await comes()
    await client.end()
    return came
  }

  async retained(at: TakenBy): Promise<RetainedAccess> {
    const topic = this.#topics.presence('roster', randomId())
    // Where this process is killed the broker takes it away.
    const publisher = await this.#reopen(at, { topic, payload: nothing, expiryMs: keptMs })
    this.#kept.set(topic, at)
    await publisher.publish(topic, probePayload(), { isRetained: true })
    const isBrought = async (filter: string): Promise<boolean> => {
      const reader = await this.#reopen(at)
      const comes = reader.expect((heard) => heard.topic === topic && heard.isRetained)
      await reader.subscribe(filter, 0)
      const came = await comes()
      await reader.end()
      return came
    }
    const byWildcard = await isBrought(this.#topics.presenceOfAll('roster'))
    const access = byWildcard ? 'by wildcard' : (await isBrought(topic)) ? 'by topic' : 'not at all'
    await this.#takeAway(publisher, topic)
    await publisher.end()
    return access
  }

  /** Whether the will of a connection that breaks is told. */
  async tellsWills(at: TakenBy): Promise<boolean> {
    const topic = this.#topics.presence('gone', randomId())
    const reader = await this.#reopen(at)
    await reader.subscribe(topic, 0)
    const payload = probePayload()
    const comes = reader.expect((heard) => heard.payload.equals(payload))
    const dying = await this.#reopen(at, { topic, payload, expiryMs: keptMs })
    this.#kept.set(topic, at)
    dying.cut()
    const came = await comes()
    await this.#takeAway(reader, topic)
    await reader.end()
    return came
  }

  /** null: nothing comes back. */
  async roundTimes(at: TakenBy): Promise<RoundTimes | null> {
    const client = await this.#reopen(at)
    const topic = this.#topics.presence('echo', randomId())
    await client.subscribe(topic, 0)
    const times: RoundTimes[] = []
    for (let round = 0; round < 2 * rounds; round += 1) {
      const ping = await client.ping()
      const message = await this.#messageRound(client, topic)
      if (ping === null || message === null) break
      times.push({ ping, message })
    }
    await client.end()
    const measured = times.slice(rounds)
    if (measured.length < rounds) return null
    return {
      ping: lowerQuartile(measured.map(({ ping }) => ping)),
      message: lowerQuartile(measured.map(({ message }) => message)),
    }
  }

  async #messageRound(client: ProbeClient, topic: string): Promise<number | null> {
    const begun = systemClock.now()
    const payload = probePayload()
    const comes = client.expect((heard) => heard.payload.equals(payload))
    const isAcknowledged = client.publish(topic, payload)
    const came = await comes()
    const reason = await isAcknowledged
    return came && reason !== null ? systemClock.now() - begun : null
  }

  /** Nothing of it stays at the broker. What is being tried ends with ABORTED. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    await Promise.all(this.#opening)
    // In good order: of none of them a will is told.
    await Promise.all([...this.#clients].map((client) => client.end()))
    for (const [topic, { url, version }] of this.#kept) {
      const client = await this.#connect(url, version)
      if ('code' in client) continue
      await this.#takeAway(client, topic)
      await client.end()
    }
  }

  async #takeAway(client: ProbeClient, topic: string): Promise<void> {
    const reason = await client.publish(topic, nothing, { isRetained: true })
    if (reason !== null) this.#kept.delete(topic)
  }

  async #reopen({ url, version }: TakenBy, will: Will | null = null): Promise<ProbeClient> {
    const client = await this.#open(url, version, will)
    if ('code' in client)
      throw new Error(`the broker has taken a connection, and not another one: ${client.message}`)
    return client
  }

  async #open(url: string, version: ProtocolVersion, will: Will | null = null) {
    if (!this.#closing) {
      const opened = this.#connect(url, version, will)
      this.#opening.add(opened)
      const client = await opened
      if (!('code' in client)) this.#clients.add(client)
      this.#opening.delete(opened)
      if (!this.#closing) return client
    }
    throw new TidingsError('ABORTED', 'the trial at the broker was ended')
  }

  /** Each has a client id of its own, as it would be one of a process. */
  #connect(url: string, version: ProtocolVersion, will: Will | null = null) {
    const { clientId, connect, node, password, tls, username } = this.#options
    const name = { node, process: 'doctor', instance: '', incarnation: randomId() }
    const choice = { clientId: clientIdOf(clientId, name), username, password, tls, will }
    return ProbeClient.open(connect, url, choice, version)
  }
}

/** On a machine that is busy most take longer than they need, and a few that should wait do not. */
const lowerQuartile = (times: readonly number[]): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length / 4)] ?? 0

const codeOf = ({ code }: ConnectionRefused): number | undefined =>
  typeof code === 'number' ? code : undefined
