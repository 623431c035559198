import type { MqttClient } from 'mqtt'
import { TidingsError } from '../base/tidings-error.ts'
import { clientUrl, shownBroker } from '../transport/mqtt/broker/broker-url.ts'
import { loadMqttClient } from '../transport/mqtt/broker/load-mqtt.ts'

/** How long the broker may take to answer, milliseconds. */
const connectTimeoutMs = 5_000

/**
 * The topics of a demonstration at a broker of others. What a cluster retains there says who is there and stays for years
 * where the broker knows no end of it: in the end of a demonstration it is of no use.
 */
export class OwnTopics {
  /** Of the broker that answered. */
  readonly url: string
  readonly #client: MqttClient
  /** All that have been used; by their names alone nobody knows what is retained. */
  readonly #used = new Set<string>()

  private constructor(url: string, client: MqttClient) {
    this.url = url
    this.#client = client
    // Where the connection ends the processes of the demonstration tell it.
    client.on('error', () => undefined)
    client.on('message', (topic, payload) => {
      if (payload.length > 0) this.#used.add(topic)
    })
  }

  /**
   * @param urls tried in turn
   * @throws TidingsError CLUSTER_UNREACHABLE, PACKAGE_MISSING.
   */
  static async watch(
    urls: readonly string[],
    filter: string,
    neededBy: string,
  ): Promise<OwnTopics> {
    const { connectAsync } = await loadMqttClient(neededBy)
    const options = { connectTimeout: connectTimeoutMs, reconnectPeriod: 0 }
    const whys: string[] = []
    for (const url of urls) {
      try {
        const topics = new OwnTopics(url, await connectAsync(clientUrl(url), options, false))
        await topics.#subscribe(filter)
        return topics
      } catch (error) {
        whys.push(`${shownBroker(url)} (${(error as Error).message})`)
      }
    }
    const message = `the demonstration cannot use the MQTT broker at ${whys.join(', nor that at ')}: start it, or compare --broker`
    throw new TidingsError('CLUSTER_UNREACHABLE', message)
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

  /** Nothing is retained on them any more. Where the broker has gone there is nothing to do. */
  async clear(): Promise<void> {
    const client = this.#client
    if (!client.connected) return
    const gone = new Promise<void>((resolve) => client.once('close', () => resolve()))
    const emptied = [...this.#used].map((topic) =>
      client.publishAsync(topic, '', { retain: true, qos: 1 }),
    )
    await Promise.race([gone, Promise.allSettled(emptied)])
    await client.endAsync(true)
  }
}
