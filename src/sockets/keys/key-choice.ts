import type { KeyPair } from '../../model/key-pair.ts'
import type { Keys } from './keys.ts'

interface Choice {
  /** What it is to be connected with next, or is already. */
  readonly pair: KeyPair
  /** What it is connected with; null: not yet. */
  readonly used: KeyPair | null
  /** Public keys that have not fitted since the last success. */
  readonly failed: Set<string>
}

/**
 * With which pair of the ring each endpoint is connected: it is the key that the other end must have, and ours. While
 * keys are changed, ports have the old one or the new one, so the next pair is tried where one does not fit.
 */
export class KeyChoice {
  readonly #keys: Keys
  readonly #endpoints = new Map<string, Choice>()

  constructor(keys: Keys) {
    this.#keys = keys
  }

  static of(keys: Keys | null): KeyChoice | null {
    return keys && new KeyChoice(keys)
  }

  /** Keys that may fit. */
  get count(): number {
    return this.#keys.ring.length
  }

  /** What to connect with: what stood there last or is to be tried next, as long as it is in the ring; at first our own. */
  pairFor(endpoint: string): KeyPair {
    const chosen = this.#chosen(endpoint)
    const pair = this.#keys.ring.find((each) => each.public === chosen.public) ?? this.#keys.own
    const failed = this.#endpoints.get(endpoint)?.failed ?? new Set<string>()
    this.#endpoints.set(endpoint, { pair, used: pair, failed })
    return pair
  }

  /** Whether there is another one than the one that it is connected with, which the ring may not have any more. */
  hasOther(endpoint: string): boolean {
    const used = this.#used(endpoint)
    return this.#keys.ring.some((each) => each.public !== used.public)
  }

  /** The handshake has succeeded. */
  stood(endpoint: string): void {
    const known = this.#endpoints.get(endpoint)
    if (known)
      this.#endpoints.set(endpoint, { ...known, pair: known.used ?? known.pair, failed: new Set() })
  }

  /**
   * The handshake has failed; the next of the ring is chosen. True: it was not tried since the last success. Until the
   * connection is made with that one libzmq tries the old one again: each failure is one of the pair that is in use.
   */
  failed(endpoint: string): boolean {
    const { ring } = this.#keys
    const pair = this.#used(endpoint)
    const failed = this.#endpoints.get(endpoint)?.failed ?? new Set<string>()
    failed.add(pair.public)
    const place = ring.findIndex((each) => each.public === pair.public)
    const next = ring[(place + 1) % ring.length] ?? ring[0]
    const used = this.#endpoints.get(endpoint)?.used ?? null
    this.#endpoints.set(endpoint, { pair: next, used, failed })
    return !failed.has(next.public)
  }

  forget(endpoint: string): void {
    this.#endpoints.delete(endpoint)
  }

  #used(endpoint: string): KeyPair {
    return this.#endpoints.get(endpoint)?.used ?? this.#chosen(endpoint)
  }

  #chosen(endpoint: string): KeyPair {
    return this.#endpoints.get(endpoint)?.pair ?? this.#keys.own
  }
}
