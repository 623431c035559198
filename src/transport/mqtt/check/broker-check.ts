import { systemClock } from '../../../base/clock.ts'
import { randomId } from '../../../base/random.ts'
import type { ConnectToBroker, ProtocolVersion, Will } from '../broker/broker-client.ts'
import { isOtherProtocol } from '../broker/broker-refusal.ts'
import { mqttLimits } from '../broker/mqtt-limits.ts'
import type { Qos } from '../broker/packet-queue.ts'
import { BrokerTopics } from '../naming/broker-topics.ts'
import { clientIdOf } from '../naming/client-id.ts'
import type { MqttTransportOptions } from '../transport-options.ts'
import { isRefusal, ProbeClient, type ConnectionRefused } from './probe-client.ts'
import { probedTopics, probePayload, type TopicAccess } from './probed-topics.ts'

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

/** Rounds that are measured, after as many that are not: at first a system acknowledges all at once. */
const rounds = 20

/** Tries at brokers what processes do. Each trial has connections of its own, since a broker may end one that asks too much. */
export class BrokerCheck {
  readonly #options: BrokerCheckOptions
  readonly #topics: BrokerTopics

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
  async access(at: TakenBy, tables: readonly string[]): Promise<TopicAccess[]> {
    const client = await this.#reopen(at)
    const probes = probedTopics(this.#topics, tables).map((probe) => ({
      ...probe,
      payload: probePayload(),
    }))
    const granted = new Map<string, number | null>()
    for (const { filter } of probes) granted.set(filter, await client.subscribe(filter, 0))
    const reasons = new Map<string, number | null>()
    for (const { topic, payload } of probes)
      reasons.set(topic, await client.publish(topic, payload))
    const written = probes.filter(({ topic }) => isTaken(reasons.get(topic) ?? null))
    const heard = await client.hearsAll(written.map(({ payload }) => payload))
    for (const { topic } of probes)
      // Processes remember a will until it is taken back.
      if (this.#topics.readPresence(topic)?.kind === 'gone')
        await client.publish(topic, Buffer.alloc(0))
    await client.end()
    return probes.map(({ filter, payload, topic }) => ({
      topic,
      filter,
      write: writeOf(reasons.get(topic) ?? null),
      isHeard: heard.has(payload),
      isReadRefused: isRefusal(granted.get(filter) ?? null),
    }))
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
    await client.publish(topic, payload)
    const came = await client.hears((heard) => heard.payload.length === bytes)
    await client.end()
    return came !== null
  }

  async retained(at: TakenBy): Promise<RetainedAccess> {
    const topic = this.#topics.presence('roster', randomId())
    const publisher = await this.#reopen(at)
    await publisher.publish(topic, probePayload(), { isRetained: true })
    const comes = async (filter: string): Promise<boolean> => {
      const reader = await this.#reopen(at)
      await reader.subscribe(filter, 0)
      const came = await reader.hears((heard) => heard.topic === topic && heard.isRetained)
      await reader.end()
      return came !== null
    }
    try {
      if (await comes(this.#topics.presenceOfAll('roster'))) return 'by wildcard'
      return (await comes(topic)) ? 'by topic' : 'not at all'
    } finally {
      await publisher.publish(topic, Buffer.alloc(0), { isRetained: true })
      await publisher.end()
    }
  }

  /** Whether the will of a connection that breaks is told. */
  async tellsWills(at: TakenBy): Promise<boolean> {
    const topic = this.#topics.presence('gone', randomId())
    const reader = await this.#reopen(at)
    await reader.subscribe(topic, 0)
    const payload = probePayload()
    const dying = await this.#reopen(at, { topic, payload, expiryMs: 60_000 })
    dying.cut()
    const came = await reader.hears((heard) => heard.payload.equals(payload))
    await reader.publish(topic, Buffer.alloc(0), { isRetained: true })
    await reader.end()
    return came !== null
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
    const isAcknowledged = client.publish(topic, payload)
    const came = await client.hears((heard) => heard.payload.equals(payload))
    const reason = await isAcknowledged
    return came === null || reason === null ? null : systemClock.now() - begun
  }

  async #reopen({ url, version }: TakenBy, will: Will | null = null): Promise<ProbeClient> {
    const client = await this.#open(url, version, will)
    if ('code' in client)
      throw new Error(`the broker has taken a connection, and not another one: ${client.message}`)
    return client
  }

  /** Each has a client id of its own, as it would be one of a process. */
  #open(url: string, version: ProtocolVersion, will: Will | null = null) {
    const { clientId, connect, node, password, tls, username } = this.#options
    const name = { node, process: 'doctor', instance: '', incarnation: randomId() }
    const choice = { clientId: clientIdOf(clientId, name), username, password, tls, will }
    return ProbeClient.open(connect, url, choice, version)
  }
}

/** On a machine that is busy most take longer than they need, and a few that should wait do not. */
const lowerQuartile = (times: readonly number[]): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length / 4)] ?? 0

const isTaken = (reason: number | null): boolean => reason !== null && !isRefusal(reason)

const writeOf = (reason: number | null): TopicAccess['write'] =>
  reason === null ? 'unanswered' : isRefusal(reason) ? 'refused' : 'acknowledged'

const codeOf = ({ code }: ConnectionRefused): number | undefined =>
  typeof code === 'number' ? code : undefined
