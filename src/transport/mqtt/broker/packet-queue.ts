import { Deque } from '../../../base/deque.ts'
import { mqttLimits } from './mqtt-limits.ts'

/** Quality of service: 0 at most once, 1 at least once, 2 exactly once, each from one end of a connection to the other. */
export type Qos = 0 | 1 | 2

/** A message on its way to the broker. */
export interface OutgoingPacket {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: Qos
  readonly isRetained: boolean
  /** How long the broker keeps it, to a second; null: for ever. Brokers of 3.1.1 know no such thing. */
  readonly expiryMs: number | null
  /** The broker has acknowledged it (QoS 0: it was written), or `error` says why not. null: nobody asks. */
  readonly done: ((error: Error | null) => void) | null
}

/**
 * What waits to leave on a connection, in order. Of QoS 1 and 2 no more are unacknowledged than the broker takes: some bring
 * what is beyond that out of order, others end the connection.
 */
export class PacketQueue {
  readonly #waiting = new Deque<OutgoingPacket>()
  #waitingBytes = 0
  #inFlight = 0
  #window: number = mqttLimits.inFlight
  #dropped = 0

  /** Messages that found the queue full. */
  get dropped(): number {
    return this.#dropped
  }

  /** Nothing waits, and the broker has acknowledged all. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight === 0
  }

  /** A connection begins, whose broker takes so many unacknowledged messages. */
  begin(window: number): void {
    this.#window = Math.min(window, mqttLimits.inFlightMost)
    this.#inFlight = 0
  }

  /** False: it was dropped, since too much waits. What somebody waits for is few, and never dropped. */
  add(packet: OutgoingPacket): boolean {
    const { queuedMessages, queuedBytes } = mqttLimits
    const bytes = this.#waitingBytes + packet.payload.byteLength
    if (packet.done === null && (this.#waiting.length >= queuedMessages || bytes > queuedBytes)) {
      this.#dropped += 1
      return false
    }
    this.#waiting.push(packet)
    this.#waitingBytes = bytes
    return true
  }

  /** The next that may leave; undefined: none waits, or the broker has to acknowledge others first. */
  next(): OutgoingPacket | undefined {
    const first = this.#waiting.at(0)
    if (!first || (first.qos > 0 && this.#inFlight >= this.#window)) return undefined
    this.#waiting.shift()
    this.#waitingBytes -= first.payload.byteLength
    if (first.qos > 0) this.#inFlight += 1
    return first
  }

  /** One of QoS 1 or 2 is no longer under way. */
  acknowledged(): void {
    this.#inFlight -= 1
  }

  /** The connection has ended: what waited for it goes nowhere. */
  end(error: Error): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    this.#waitingBytes = 0
    this.#inFlight = 0
    for (const { done } of waiting) done?.(error)
  }
}
