import type { Hop } from '../../model/hop.ts'
import { noConnections } from '../../model/new-registration.ts'
import type { ConnectionCounts } from '../../model/roster-entry.ts'
import { allForeignTopic, allUpdatesTopic } from '../../model/topic.ts'
import type { Refusals } from '../refusals.ts'
import type { DataPlane } from '../transport.ts'
import type { BrokerConnection } from './broker/broker-connection.ts'
import type { Filter } from './broker/filters.ts'
import { mqttLimits } from './broker/mqtt-limits.ts'
import type { Qos } from './broker/packet-queue.ts'
import { foreignFilter, type ForeignReceiver, isJson, isOwn } from './foreign/foreign-receiver.ts'
import type { BrokerTopics } from './naming/broker-topics.ts'
import { Fragmenter, isFragment, Reassembly } from './naming/fragments.ts'

/** All that comes passes the broker, and the one connection to it. */
const hops: readonly Hop[] = [{ name: 'broker', isShared: true }]

interface DataPlaneOptions {
  readonly incarnation: string
  readonly broker: BrokerConnection
  readonly topics: BrokerTopics
  readonly qos: Qos
  readonly refusals: Refusals
  readonly foreign: ForeignReceiver | null
  /** Somebody else may take what foreign programs publish. */
  readonly hasIntake: () => boolean
}

interface MqttDataHandlers {
  message(message: Uint8Array): void
  request(frame: Uint8Array): void
}

/** Carries updates and requests through the broker. */
export class MqttDataPlane implements Omit<DataPlane, 'renew'> {
  readonly #options: DataPlaneOptions
  readonly #handlers: MqttDataHandlers
  readonly #fragmenter: Fragmenter
  readonly #reassembly = new Reassembly()
  /** What the queue wants, and what is subscribed to for it: prefixes of topics of ours. */
  readonly #wanted = new Set<string>()
  readonly #held = new Set<string>()

  constructor(options: DataPlaneOptions, handlers: MqttDataHandlers) {
    const { broker, foreign, incarnation, topics } = options
    this.#options = options
    this.#handlers = handlers
    this.#fragmenter = new Fragmenter(incarnation)
    const requests = [topics.requests, topics.requestTo(incarnation)]
    broker.subscribe(requests.map((topic) => ({ topic, qos: 0, isWithoutOwn: true })))
    if (foreign) broker.subscribe([foreignFilter(topics)])
  }

  send(topic: string, message: Uint8Array): void {
    const { qos, topics } = this.#options
    // The topic stands before the payload already.
    this.#publish(topics.topicFor(topic), message.subarray(topic.length), qos)
  }

  /** At QoS 0: each is repeated where it has no answer. */
  request(frame: Uint8Array, publishers: readonly string[] | null): void {
    const { incarnation, topics } = this.#options
    if (publishers === null || publishers.length > mqttLimits.askedOneByOne) {
      this.#publish(topics.requests, frame, 0)
      return
    }
    for (const publisher of publishers)
      if (publisher !== incarnation) this.#publish(topics.requestTo(publisher), frame, 0)
  }

  subscribe(topicPrefix: string): void {
    this.#wanted.add(topicPrefix)
    this.#hold(topicPrefix)
  }

  unsubscribe(topicPrefix: string): void {
    this.#wanted.delete(topicPrefix)
    this.#hold(topicPrefix)
  }

  hops(): readonly Hop[] {
    return hops
  }

  /** The one to the broker is none between processes. */
  connections(): ConnectionCounts {
    return noConnections
  }

  /** A message from the broker that is none of the roster. */
  take(topic: string, payload: Buffer, isRetained: boolean): void {
    const { foreign, refusals, topics } = this.#options
    // Somebody publishes so by mistake: everybody who subscribes later would get it again and again.
    if (isRetained)
      return foreign ? foreign.retained(this.#foreignTopic(topic)) : refusals.count('retained')
    const whole = isFragment(payload) ? this.#reassembly.take(topic, payload) : payload
    if (whole === null) return
    if (topics.isRequest(topic)) return this.#handlers.request(whole)
    const own = topics.readOwn(topic)
    if (foreign && !isOwn(whole)) return this.#takeForeign(foreign, topic, whole)
    if (own === null) return refusals.count('bad topic')
    if (!foreign && isJson(whole) && own.name.startsWith(allUpdatesTopic)) return this.#passOver()
    this.#handlers.message(Buffer.concat([own.bytes, whole]))
  }

  /** What deletes a retained message is empty, and no update. */
  #takeForeign(foreign: ForeignReceiver, topic: string, payload: Buffer): void {
    if (payload.length > 0) foreign.message(this.#foreignTopic(topic), payload)
  }

  /** The topic on which foreign programs publish to the same table through ZeroMQ; of a topic without a table one that is refused. */
  #foreignTopic(topic: string): string {
    const own = this.#options.topics.readOwn(topic)
    return allForeignTopic + (own?.name.slice(allUpdatesTopic.length) ?? '')
  }

  /** JSON of a foreign program: the intake publishes it, with numbers. Without one it is lost. */
  #passOver(): void {
    const { hasIntake, refusals } = this.#options
    if (!hasIntake()) refusals.count('no intake')
  }

  #publish(topic: string, payload: Uint8Array, qos: Qos): void {
    const { broker, refusals } = this.#options
    const most = broker.messageBytes - Buffer.byteLength(topic)
    const pieces = this.#fragmenter.split(payload, most)
    if (pieces.length === 0) refusals.count('oversize')
    for (const piece of pieces) broker.send(topic, piece, qos)
  }

  /**
   * Filters that overlap may bring a message twice: while all tables are wanted, none has a filter of its own. What is wanted
   * again is subscribed to again.
   */
  #hold(changed: string): void {
    const isUpdates = (prefix: string) => prefix.startsWith(allUpdatesTopic)
    const all = this.#wanted.has(allUpdatesTopic)
    const isCovered = (prefix: string) => all && prefix !== allUpdatesTopic && isUpdates(prefix)
    const others =
      changed === allUpdatesTopic ? [...this.#wanted, ...this.#held].filter(isUpdates) : []
    for (const prefix of new Set([changed, ...others])) {
      const filter = this.#filter(prefix)
      if (this.#wanted.has(prefix) && !isCovered(prefix)) {
        if (this.#held.has(prefix) && prefix !== changed) continue
        this.#held.add(prefix)
        this.#options.broker.subscribe([filter])
      } else if (this.#held.delete(prefix)) this.#options.broker.unsubscribe(filter.topic)
    }
  }

  #filter(prefix: string): Filter {
    const { qos, topics } = this.#options
    return { topic: topics.filterFor(prefix), qos, isWithoutOwn: true }
  }
}
