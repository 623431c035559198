import type { ISubscriptionMap, MqttClient } from 'mqtt'
import type { Clock, Timer } from '../../../base/clock.ts'
import { TidingsError } from '../../../base/tidings-error.ts'
import type { BrokerWords } from './broker-words.ts'
import { mqttLimits } from './mqtt-limits.ts'
import type { Qos } from './packet-queue.ts'

/** What is subscribed to. */
export interface Filter {
  readonly topic: string
  readonly qos: Qos
  /** What we publish ourselves is not to come back (brokers of 5 only). */
  readonly isWithoutOwn: boolean
}

/** The granted QoS from here on is a reason why not. */
const firstRefusal = 0x80

/** What is subscribed to at the broker, and asked of it again on each connection. */
export class Filters {
  readonly #clock: Clock
  readonly #refused: (error: TidingsError) => void
  readonly #filters = new Map<string, Filter>()
  /** Subscriptions that the broker has not acknowledged. */
  readonly #waiting = new Set<Timer>()

  constructor(clock: Clock, refused: (error: TidingsError) => void) {
    this.#clock = clock
    this.#refused = refused
  }

  add(filter: Filter): void {
    this.#filters.set(filter.topic, filter)
  }

  remove(topic: string): boolean {
    return this.#filters.delete(topic)
  }

  all(): Iterable<Filter> {
    return this.#filters.values()
  }

  ask(client: MqttClient, filters: readonly Filter[], words: BrokerWords): void {
    const { filtersAtOnce } = mqttLimits
    for (let first = 0; first < filters.length; first += filtersAtOnce)
      this.#askAtOnce(client, filters.slice(first, first + filtersAtOnce), words)
  }

  /** The connection has ended: nobody will acknowledge what was asked on it. */
  lost(): void {
    for (const timer of this.#waiting) timer.cancel()
    this.#waiting.clear()
  }

  close(): void {
    this.lost()
    this.#filters.clear()
  }

  #askAtOnce(client: MqttClient, filters: readonly Filter[], words: BrokerWords): void {
    const asked: ISubscriptionMap = {}
    for (const { topic, qos, isWithoutOwn } of filters) {
      const least = Math.min(qos, words.qos) as Qos
      asked[topic] =
        words.version === 5 ? { qos: least, nl: isWithoutOwn, rap: false, rh: 0 } : { qos: least }
    }
    const timer = this.#clock.after(mqttLimits.subscribeWithinMs, () => {
      this.#waiting.delete(timer)
      this.#refused(unacknowledged(filters))
    })
    this.#waiting.add(timer)
    client.subscribe(asked, (error, _granted, packet) => {
      // Called with an error, too, where the connection has ended: all is asked for again on the next.
      if (!this.#waiting.delete(timer)) return
      timer.cancel()
      const reasons = (packet?.granted ?? []).map(Number)
      const place = reasons.findIndex((reason) => reason >= firstRefusal)
      const refused = filters[place]
      if (refused) this.#refused(refusedFilter(refused.topic, reasons[place]))
      else if (error && client.connected) this.#refused(TidingsError.from(error))
    })
  }
}

const refusedFilter = (topic: string, reason: number | undefined): TidingsError =>
  new TidingsError(
    'ACCESS_DENIED',
    `the MQTT broker does not let this process subscribe to ${topic} (reason ${reason}): its access rules have to let it read there`,
  )

const unacknowledged = (filters: readonly Filter[]): TidingsError =>
  new TidingsError(
    'TRANSPORT_FAILED',
    `the MQTT broker has not acknowledged the subscription to ${filters[0]?.topic} within ${mqttLimits.subscribeWithinMs} ms: ` +
      `it may not know quality of service ${filters[0]?.qos}, so set MqttQos lower`,
  )
