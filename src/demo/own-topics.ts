import type { MqttClient } from 'mqtt'
import { systemClock } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { clientUrl, shownBroker } from '../transport/mqtt/broker/broker-url.ts'
import { loadMqttClient } from '../transport/mqtt/broker/load-mqtt.ts'
import { BrokerTopics, type PresenceTopic } from '../transport/mqtt/naming/broker-topics.ts'
import { Condition } from '../transport/condition.ts'

/** How long the broker may take to answer, milliseconds. */
const connectTimeoutMs = 5_000

/** How long it may take to tell the wills of processes that have ended, and to forget what it keeps, milliseconds. */
const clearWithinMs = 5_000

/**
 * Times that a message goes to the broker and back after the last process has ended: what the broker reads of the ends of their
 * connections lies behind the first of them at the latest, and the wills that it tells then before the second.
 */
const lastRounds = 2

/**
 * The topics of a demonstration at a broker of others. What a cluster retains there says who is there and stays for years
 * where the broker knows no end of it: in the end of a demonstration it is of no use.
 */
export class OwnTopics {
  /** Of the broker that answered. */
  readonly url: string
  readonly #client: MqttClient
  readonly #topics: BrokerTopics
  readonly #condition = new Condition(systemClock)
  /** All that may be retained; by their names alone nobody knows what is. */
  readonly #used = new Set<string>()
  /** Processes of which neither a will nor their own end was told. */
  readonly #present = new Set<string>()
  /** Whose connection has ended, by its own word or by the broker's. */
  readonly #ended = new Set<string>()
  /** Of the message that is under way to ourselves. */
  #round: string | null = null

  private constructor(url: string, client: MqttClient, pattern: string) {
    this.url = url
    this.#client = client
    this.#topics = new BrokerTopics(pattern)
    // Where the connection ends the processes of the demonstration tell it.
    client.on('error', () => undefined)
    client.on('message', (topic, payload) => this.#take(topic, payload))
    client.on('close', () => this.#condition.changed())
  }

  /**
   * @param urls tried in turn
   * @param pattern the MqttQueueNamePattern of the demonstration
   * @throws TidingsError CLUSTER_UNREACHABLE, PACKAGE_MISSING.
   */
  static async watch(
    urls: readonly string[],
    pattern: string,
    neededBy: string,
  ): Promise<OwnTopics> {
    const { connectAsync } = await loadMqttClient(neededBy)
    const options = { connectTimeout: connectTimeoutMs, reconnectPeriod: 0 }
    const whys: string[] = []
    for (const url of urls) {
      try {
        const client = await connectAsync(clientUrl(url), options, false)
        const topics = new OwnTopics(url, client, pattern)
        await topics.#subscribe(topics.filter)
        return topics
      } catch (error) {
        whys.push(`${shownBroker(url)} (${(error as Error).message})`)
      }
    }
    const message = `the demonstration cannot use the MQTT broker at ${whys.join(', nor that at ')}: start it, or compare --broker`
    throw new TidingsError('CLUSTER_UNREACHABLE', message)
  }

  /** All topics of the demonstration. */
  get filter(): string {
    return `${this.#topics.root.slice(0, this.#topics.root.lastIndexOf('/'))}/#`
  }

  /** Rejects, and ends the connection, where the broker does not let us read there. */
  async #subscribe(filter: string): Promise<void> {
    try {
      await this.#client.subscribeAsync(filter)
    } catch (error) {
      await this.#client.endAsync(true)
      throw error
    }
  }

  #take(topic: string, payload: Buffer): void {
    const presence = this.#topics.readPresence(topic)
    if (payload.length === 0) this.#used.delete(topic)
    else if (presence?.incarnation === this.#round) this.#round = null
    else {
      this.#used.add(topic)
      if (presence) this.#takePresence(presence)
    }
    this.#condition.changed()
  }

  #takePresence({ kind, incarnation }: PresenceTopic): void {
    if (kind === 'gone' || kind === 'ended') {
      this.#ended.add(incarnation)
      this.#present.delete(incarnation)
    } else if (!this.#ended.has(incarnation)) this.#present.add(incarnation)
  }

  /**
   * When all processes have ended: nothing is retained on them any more. Of one that was killed the broker tells the will when it
   * has seen the end of its connection, which is waited for. Where the broker has gone there is nothing to do.
   */
  async clear(): Promise<void> {
    const client = this.#client
    if (client.connected) {
      // What they have said is here when what is said behind it is.
      await this.#goRound()
      await this.#until(() => this.#present.size === 0)
      for (let round = 0; round < lastRounds; round += 1) await this.#goRound()
      for (const topic of this.#used)
        client.publish(topic, '', { retain: true, qos: 1 }, () => undefined)
      await this.#until(() => this.#used.size === 0)
    }
    await client.endAsync(true)
  }

  async #goRound(): Promise<void> {
    const round = randomId()
    this.#round = round
    this.#client.publish(this.#topics.presence('echo', round), round, { qos: 1 }, () => undefined)
    await this.#until(() => this.#round === null)
  }

  async #until(holds: () => boolean): Promise<void> {
    const over = (): boolean => !this.#client.connected || holds()
    await this.#condition.until(over, clearWithinMs, new AbortController().signal)
  }
}
