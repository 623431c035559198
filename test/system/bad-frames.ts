import type { Random } from '../../src/base/random.ts'

/** Longest random frame, bytes. */
const longestRandomBytes = 300

/** Frames that no publisher or subscriber would send: random bytes, and damage to real ones. */
export class BadFrames {
  readonly #random: Random
  readonly #messages: readonly Buffer[]
  readonly #requests: readonly Buffer[]

  /** `messages`, `requests`: real ones, to be damaged. */
  constructor(random: Random, messages: readonly Buffer[], requests: readonly Buffer[]) {
    this.#random = random
    this.#messages = messages
    this.#requests = requests
  }

  /** In one frame or several, on a topic that subscribers of all tables hear. */
  message(): Buffer[] {
    const message = this.#one(this.#messages)
    const roll = this.#random()
    if (roll < 0.2) return [this.#topic(), ...this.#randomFrames()]
    if (roll < 0.4) return [Buffer.concat([this.#topic(), ...this.#randomFrames()])]
    if (roll < 0.5) return [Buffer.concat([this.#topic(), message])]
    if (roll < 0.6) return [message, this.#bytes(8), this.#bytes(8)]
    const plane = message.indexOf('/') + 1
    return [Buffer.concat([message.subarray(0, plane), this.#damaged(message.subarray(plane))])]
  }

  /** One frame upwards; its first byte is not that of a subscription. */
  request(): Buffer {
    const frame =
      this.#random() < 0.4
        ? this.#bytes(1 + this.#upTo(longestRandomBytes))
        : this.#damaged(this.#one(this.#requests))
    const whole = frame.length > 0 ? Buffer.from(frame) : Buffer.from([2])
    if ((whole[0] ?? 0) < 2) whole[0] = 2 + this.#upTo(254)
    return whole
  }

  #topic(): Buffer {
    const plane = this.#one(['table/', 'status/'])
    return Buffer.concat([Buffer.from(plane), this.#bytes(1 + this.#upTo(40)), Buffer.from('/')])
  }

  #randomFrames(): Buffer[] {
    return Array.from({ length: this.#upTo(4) }, () => this.#bytes(this.#upTo(longestRandomBytes)))
  }

  /** At least one bit is another, or bytes are cut off, put in or repeated. */
  #damaged(frame: Buffer): Buffer {
    const at = this.#upTo(Math.max(1, frame.length))
    const roll = this.#random()
    if (roll < 0.2) return frame.subarray(0, at)
    if (roll < 0.3) return Buffer.concat([frame, this.#bytes(1 + this.#upTo(20))])
    if (roll < 0.4)
      return Buffer.concat([frame.subarray(0, at), this.#bytes(4), frame.subarray(at)])
    const copy = Buffer.from(frame)
    if (copy.length === 0) return this.#bytes(1)
    copy[at] = (copy[at] ?? 0) ^ (1 << this.#upTo(8))
    return copy
  }

  #bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#upTo(256)))
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#upTo(items.length)] as Item
  }
}
