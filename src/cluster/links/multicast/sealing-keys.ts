import { createSecretKey, type KeyObject } from 'node:crypto'
import { sealDatagram } from './datagram-seal.ts'
import type { MulticastLimits } from './multicast-limits.ts'

type EpochLimits = Pick<MulticastLimits, 'epochMs' | 'epochDatagrams' | 'epochToldMs' | 'keptMs'>

/** A key with its number, as other nodes are told it. */
export interface ToldKey {
  readonly epoch: number
  readonly key: Buffer
}

interface EpochKey extends ToldKey {
  readonly sealer: KeyObject
}

/**
 * What the datagrams of one life of a sender are sealed with: a key of its own, drawn by chance, and after a while the
 * next one. The others are told a key before it is used, and the last one as long as datagrams that it sealed are kept
 * to repair with. So nobody reads what was sent after he was a member for the last time. Time and chance are arguments.
 */
export class SealingKeys {
  readonly #newKey: () => Buffer
  readonly #limits: EpochLimits
  #current: EpochKey
  /** When the current key was used first, and the number of the last datagram before that. */
  #since: number
  #sentBefore = 0
  /** It is told, and not used yet. */
  #next: EpochKey | null = null
  #nextAt = Infinity
  #last: EpochKey | null = null
  #lastUntil = -Infinity

  /** `newKey`: 32 bytes of chance. */
  constructor(newKey: () => Buffer, limits: EpochLimits, now: number) {
    this.#newKey = newKey
    this.#limits = limits
    this.#since = now
    this.#current = this.#draw(1)
  }

  /** Of the key that seals now. */
  get epoch(): number {
    return this.#current.epoch
  }

  /** What other nodes need to open what was sent, and what is sent next, the oldest first. */
  get told(): readonly ToldKey[] {
    return [this.#last, this.#current, this.#next].flatMap((key) => key ?? [])
  }

  /** A header that says this epoch, and records behind it. */
  seal(datagram: Buffer): Buffer {
    return sealDatagram(this.#current.sealer, datagram)
  }

  /** `sent`: the number of the last datagram. True: there is a key that the others have to be told now. */
  tick(sent: number, now: number): boolean {
    const { epochMs, epochDatagrams, epochToldMs, keptMs } = this.#limits
    if (now >= this.#lastUntil) this.#last = null
    if (this.#next !== null) {
      if (now < this.#nextAt) return false
      this.#last = this.#current
      this.#lastUntil = now + keptMs
      this.#current = this.#next
      this.#next = null
      this.#since = now
      this.#sentBefore = sent
      return false
    }
    if (now - this.#since < epochMs && sent - this.#sentBefore < epochDatagrams) return false
    this.#next = this.#draw(this.#current.epoch + 1)
    this.#nextAt = now + epochToldMs
    return true
  }

  #draw(epoch: number): EpochKey {
    const key = this.#newKey()
    return { epoch, key, sealer: createSecretKey(key) }
  }
}
