import { withoutDelay } from '../broker/without-delay.ts'
import type { IConnackPacket, MqttClient, Packet } from 'mqtt'
import { systemClock } from '../../../base/clock.ts'
import { Condition } from '../../condition.ts'
import {
  type ClientChoice,
  type ConnectToBroker,
  type ProtocolVersion,
  startClient,
} from '../broker/broker-client.ts'
import { BrokerWords } from '../broker/broker-words.ts'
import type { Qos } from '../broker/packet-queue.ts'

/** What came on a connection. */
export interface Heard {
  readonly topic: string
  readonly payload: Buffer
  readonly isRetained: boolean
}

/** Why a broker did not take a connection: the code is of MQTT (a number), of the system or of TLS; null: it closed without a word. */
export interface ConnectionRefused {
  readonly code: number | string | null
  readonly message: string
}

/** The code of what answers, and not as a broker does. */
export const noMqtt = 'no MQTT'

/** Something that is waited for; what else comes is let go at once. */
interface Expected {
  readonly fits: (heard: Heard) => boolean
  came: boolean
}

/** What a broker has to answer within, milliseconds: a healthy one needs some. */
export const answerWithinMs = 2_000

/** Reasons from here on say why not (MQTT 5). */
const firstRefusal = 0x80

/** One connection to a broker that tries what processes do. It is never made anew. */
export class ProbeClient {
  readonly version: ProtocolVersion
  readonly said: NonNullable<IConnackPacket['properties']>
  readonly words: BrokerWords
  /** Others may publish much on the topics that are tried. */
  readonly #expected = new Set<Expected>()
  readonly #condition = new Condition(systemClock)
  readonly #client: MqttClient
  #hasEnded = false

  private constructor(client: MqttClient, version: ProtocolVersion, packet: IConnackPacket) {
    this.#client = client
    this.version = version
    this.said = packet.properties ?? {}
    this.words = BrokerWords.of(packet.properties, version)
    client.on('message', (topic, payload, { retain }) => {
      const heard = { topic, payload, isRetained: retain }
      for (const expected of this.#expected) expected.came ||= expected.fits(heard)
      this.#condition.changed()
    })
    client.on('close', () => {
      this.#hasEnded = true
      this.#condition.changed()
    })
  }

  static open(
    start: ConnectToBroker,
    url: string,
    choice: ClientChoice,
    version: ProtocolVersion,
  ): Promise<ProbeClient | ConnectionRefused> {
    const client = startClient(start, url, choice, version)
    let hasSpoken = false
    // Before it is read, which may fail at once.
    client.stream.prependListener('data', () => {
      hasSpoken = true
    })
    let refused: ConnectionRefused = {
      code: null,
      message: 'the connection was closed without a word',
    }
    return new Promise((resolve) => {
      client.on('connect', (packet) => {
        withoutDelay(client)
        resolve(new ProbeClient(client, version, packet))
      })
      client.on('error', (error) => {
        const { code } = error as { code?: unknown }
        const isKnown = typeof code === 'number' || typeof code === 'string'
        const isNoMqtt = !isKnown && hasSpoken
        refused = {
          code: isKnown ? code : isNoMqtt ? noMqtt : 'ETIMEDOUT',
          message: error.message,
        }
        // It may wait for us to go on.
        if (isNoMqtt) client.end(true)
      })
      client.on('close', () => resolve(refused))
    })
  }

  /** The broker has ended the connection. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** @returns the QoS that is granted, or the reason why not (0x80 and more); null: no answer */
  async subscribe(topic: string, qos: Qos): Promise<number | null> {
    const answer = new Promise<number | null>((resolve) => {
      this.#client.subscribe(topic, { qos }, (_error, _granted, packet) => {
        const [granted] = packet?.granted ?? []
        resolve(granted === undefined ? null : Number(granted))
      })
    })
    return this.#inTime(answer)
  }

  /** @returns the reason of the acknowledgement (0x80 and more: refused); null: there was none */
  async publish(
    topic: string,
    payload: Buffer,
    { qos = 1, isRetained = false }: { qos?: Qos; isRetained?: boolean } = {},
  ): Promise<number | null> {
    const answer = new Promise<number | null>((resolve) => {
      this.#client.publish(topic, payload, { qos, retain: isRetained }, (error) => {
        if (!error) resolve(0)
        else resolve('code' in error && typeof error.code === 'number' ? error.code : null)
      })
    })
    return this.#inTime(answer)
  }

  /**
   * From now on it is listened for: said before what brings it.
   * @returns what waits for it: whether it came in time
   */
  expect(fits: (heard: Heard) => boolean): () => Promise<boolean> {
    const expected: Expected = { fits, came: false }
    this.#expected.add(expected)
    return async () => {
      await this.#until(() => expected.came)
      this.#expected.delete(expected)
      return expected.came
    }
  }

  async #until(holds: () => boolean): Promise<void> {
    const signal = new AbortController().signal
    await this.#condition.until(() => this.#hasEnded || holds(), answerWithinMs, signal)
  }

  /** Milliseconds until the broker answers, which costs it nothing; null: it did not. */
  async ping(): Promise<number | null> {
    if (this.#hasEnded) return null
    const begun = systemClock.now()
    const answered = new Promise<number | null>((resolve) => {
      const take = ({ cmd }: Packet): void => {
        if (cmd !== 'pingresp') return
        this.#client.removeListener('packetreceive', take)
        resolve(systemClock.now() - begun)
      }
      this.#client.on('packetreceive', take)
    })
    this.#client.sendPing()
    return this.#inTime(answered)
  }

  /** The connection breaks without a word: the broker has to publish the will. */
  cut(): void {
    this.#client.stream.destroy()
  }

  async end(): Promise<void> {
    if (this.#hasEnded) return
    const closed = new Promise<void>((resolve) => this.#client.once('close', resolve))
    this.#client.end()
    await this.#inTime(closed.then(() => null))
    this.#client.end(true)
  }

  async #inTime<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
    const late = Promise.withResolvers<null>()
    const timer = systemClock.after(answerWithinMs, () => late.resolve(null))
    const ended = (): void => late.resolve(null)
    this.#client.once('close', ended)
    try {
      return await Promise.race([answer, late.promise])
    } finally {
      timer.cancel()
      this.#client.removeListener('close', ended)
    }
  }
}

/** Of a subscription or an acknowledgement. */
export const isRefusal = (reason: number | null): boolean =>
  reason !== null && reason >= firstRefusal
