import type { ProtocolVersion } from './broker-client.ts'
import { isOtherProtocol } from './broker-refusal.ts'
import { mqttLimits } from './mqtt-limits.ts'

/** What is known of a broker. */
interface KnownBroker {
  readonly url: string
  version: ProtocolVersion
  /** It has taken us in this version: it stays. */
  isCertain: boolean
}

/**
 * Which broker is tried next, and in which version of the protocol: 5, and where the broker knows no 5 3.1.1, which is 4.
 * RabbitMQ before 3.13 says so by closing without a word.
 */
export class BrokerChoice {
  readonly #brokers: readonly KnownBroker[]
  #place = 0
  /** What the attempt under way has come to. */
  #attempt: 'none' | 'reached' | 'answered' | 'accepted' | 'again' = 'none'
  #pauseMs: number = mqttLimits.reconnectFirstMs

  /** `urls`: at least one. `version`: the only one that is tried; left out: both. */
  constructor(urls: readonly string[], version?: ProtocolVersion) {
    this.#brokers = urls.map((url) => ({
      url,
      version: version ?? 5,
      isCertain: version !== undefined,
    }))
  }

  get current(): { readonly url: string; readonly version: ProtocolVersion } {
    return this.#broker
  }

  /** TCP has a connection. */
  reached(): void {
    this.#attempt = 'reached'
  }

  /** The broker has said something. */
  answered(): void {
    if (this.#attempt === 'reached') this.#attempt = 'answered'
  }

  accepted(): void {
    this.#attempt = 'accepted'
    this.#broker.isCertain = true
    this.#pauseMs = mqttLimits.reconnectFirstMs
  }

  /** True: the broker does not know this version, so the next attempt is made in the other. */
  refused(code: number): boolean {
    if (!isOtherProtocol(code) || this.#broker.isCertain || this.#broker.version === 4) return false
    this.#broker.version = 4
    this.#attempt = 'again'
    return true
  }

  /** The connection has ended, or the attempt was in vain. @returns when to try next, milliseconds */
  next(): number {
    const attempt = this.#attempt
    this.#attempt = 'none'
    if (attempt === 'again') return 0
    if (attempt === 'accepted') return this.#pauseMs
    const broker = this.#broker
    if (attempt === 'reached' && !broker.isCertain) broker.version = broker.version === 5 ? 4 : 5
    this.#place = (this.#place + 1) % this.#brokers.length
    if (this.#place > 0) return 0
    const ms = this.#pauseMs
    this.#pauseMs = Math.min(ms * 2, mqttLimits.reconnectMostMs)
    return ms
  }

  get #broker(): KnownBroker {
    const broker = this.#brokers[this.#place]
    if (!broker) throw new RangeError('there is no broker to choose')
    return broker
  }
}
