/** What libzmq's events say of the handshakes on one connection. */
import type { Event } from 'zeromq'
import type { Misfit, Refusal } from './keys/refusal.ts'

/** So many handshakes without an answer take half a minute: it is somebody else who has that port, and not who is only slow. */
export const handshakesInVain = 15

/** Handshakes in a row that the other end broke off until it is asked for a reason: who is just ending breaks off one. */
const brokenOffTimes = 3

/** The two ends do not speak the same mechanism of security: one has a key and the other has none. */
const mechanismMismatch = 'ERR_ZMTP_MECHANISM_MISMATCH'

/** What was sent to us is not encrypted for our key. */
const cryptographic = 'ERR_ZMTP_CRYPTOGRAPHIC'

/** libzmq ended a handshake after `handshakeIntervalMs`: nobody has refused it. */
const tooSlow = 'EAGAIN'

function codeOf(event: Event): string | undefined {
  return 'error' in event ? (event.error as { readonly code?: string }).code : undefined
}

/** Of somebody who comes to a port of ours; null: the event says nothing of that. */
export function misfitOf(event: Event): Misfit | null {
  if (event.type !== 'handshake:error:protocol') return null
  const code = codeOf(event)
  if (code === mechanismMismatch) return 'no key'
  return code === cryptographic ? 'another key' : null
}

/** The handshakes at one endpoint that we connect to. */
export class Handshakes {
  readonly #hasKeys: boolean
  /** Connections in a row on which nobody has refused the handshake. */
  #unanswered = 0
  /** The last handshake that came to an end was refused, or broken off. */
  #isRefused = false
  /** Broken off in a row. */
  #brokenOff = 0
  #refusal: Refusal | null = null

  constructor(hasKeys: boolean) {
    this.#hasKeys = hasKeys
  }

  /** Somebody takes connections there, and may finish a handshake yet: so it is with one who is too busy for it. */
  get isTaken(): boolean {
    return !this.#isRefused && this.#unanswered > 0 && this.#unanswered <= handshakesInVain
  }

  /** Why who is there does not let us in; null: nobody is there, it does, or nothing is known of it. */
  get refusal(): Refusal | null {
    return this.#refusal
  }

  /** Of `keys` keys each was tried, and the other end closes the connections without a word. */
  isUnexplained(keys: number): boolean {
    return this.#refusal === null && this.#brokenOff >= Math.max(brokenOffTimes, keys + 1)
  }

  /** The other end was asked how its connections are secured: `CURVE`, `NULL`; null: it said nothing that we know. */
  explain(mechanism: string | null): void {
    if (this.#brokenOff === 0) return
    if (mechanism === 'CURVE') this.#refusal = this.#hasKeys ? 'another key' : 'no key here'
    else if (mechanism === 'NULL' && this.#hasKeys) this.#refusal = 'no key there'
  }

  /** True: a handshake was refused, or broken off; another key may fit. */
  take(event: Event): boolean {
    switch (event.type) {
      case 'connect':
        this.#unanswered += 1
        return false
      case 'handshake':
        this.#unanswered = 0
        this.#answered(null)
        return false
      // Nobody is there.
      case 'close':
        this.#unanswered = 0
        this.#brokenOff = 0
        this.#refusal = null
        return false
      case 'handshake:error:auth':
        return this.#refusedWith('not listed')
      case 'handshake:error:protocol':
        return this.#refusedWith(codeOf(event) === mechanismMismatch ? this.#withoutKey() : null)
      case 'handshake:error:other':
        if (codeOf(event) !== tooSlow) return this.#brokeOff()
        this.#isRefused = false
        return false
      default:
        return false
    }
  }

  #withoutKey(): Refusal {
    return this.#hasKeys ? 'no key there' : 'no key here'
  }

  #answered(refusal: Refusal | null): void {
    this.#isRefused = false
    this.#brokenOff = 0
    this.#refusal = refusal
  }

  #refusedWith(refusal: Refusal | null): true {
    this.#answered(refusal)
    this.#isRefused = true
    return true
  }

  #brokeOff(): true {
    this.#isRefused = true
    this.#brokenOff += 1
    return true
  }
}
