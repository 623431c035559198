import type { Clock } from '../../base/clock.ts'
import { addressOf } from '../../base/host-port.ts'
import { RateLimit } from '../../base/rate-limit.ts'
import type { TurnedAway } from '../../model/turned-away.ts'
import { type Misfit, type Refusal, refusalText } from '../../sockets/keys/refusal.ts'
import type { OnClusterEvent } from '../cluster-event.ts'
import { latelyEnded } from '../../sockets/listening-ports.ts'
import { TurnedAwayLately } from './turned-away-lately.ts'

/** Least time between two events about one address, port or node, milliseconds: each may try many times a second. */
const toldIntervalMs = 60_000

/** Addresses that are told within that time: whoever has many of them must not fill the log. */
const toldAddresses = 100

/** Addresses that one sentence names. */
const namedAddresses = 10

/** How long it is not asked anew where connections came from, milliseconds: the system is asked for all that there are. */
const askedIntervalMs = 1_000

/** libzmq does not say whose handshake has failed, but the system knows who was there; empty: nobody, or it does not say. */
function cameFrom(endpoint: string): string {
  const addresses = [...latelyEnded(addressOf(endpoint), Number(new URL(endpoint).port))]
  const more = addresses.length > namedAddresses ? ' and others' : ''
  return addresses.slice(0, namedAddresses).join(', ') + more
}

function endedAt(endpoint: string): string {
  const who = cameFrom(endpoint)
  return who === '' ? '' : `; connections that ended there in the last minute came from ${who}`
}

/** Tells who was not let in, and who does not let this node in: each once a minute at most, with what to do. */
export class Uninvited {
  readonly #clock: Clock
  readonly #on: OnClusterEvent
  readonly #hasKeys: boolean
  readonly #told = new RateLimit(toldIntervalMs)
  readonly #addresses = new RateLimit(toldIntervalMs)
  readonly #counts = new Map<string, number>()
  readonly #lately = new TurnedAwayLately()
  readonly #asked = new Map<string, { readonly at: number; readonly who: string }>()

  constructor(clock: Clock, hasKeys: boolean, on: OnClusterEvent) {
    this.#clock = clock
    this.#hasKeys = hasKeys
    this.#on = on
  }

  /** Who was not let in lately. */
  turnedAway(): TurnedAway[] {
    return this.#lately.list(this.#clock.now())
  }

  /** A process of another version of the wire came to register. */
  foreign(who: string, at: string): void {
    this.#lately.note({ why: 'another version', who, at }, this.#clock.now())
  }

  /** Somebody whom the access list does not let in. */
  denied(address: string, why: string): void {
    if (!this.#addresses.admits(`${why} ${address}`, this.#clock.now(), toldAddresses)) {
      if (this.#addresses.remembered >= toldAddresses) this.#tooMany(address)
      return
    }
    const message = `a connection from ${address} was denied: ${why}`
    this.#on({ type: 'denied', address, message })
  }

  /** Somebody who came to a port and did not finish a handshake. */
  stranger(endpoint: string): void {
    const count = this.#count(`stranger ${endpoint}`)
    this.#noteAt(endpoint, 'no handshake')
    if (!this.#admits(`stranger ${endpoint}`)) return
    // Who has no key may see that one is needed, and go, before it is seen here that there is none.
    const among = this.#hasKeys ? '; who has no key may be among them' : ''
    const message = `connections at ${endpoint} finished no handshake and were put out: ${count} so far${among}`
    this.#on({ type: 'strangers', endpoint, count, message })
  }

  /** Somebody who came to a port with no key, or with another one. */
  misfit(endpoint: string, misfit: Misfit): void {
    const count = this.#count(`${misfit} ${endpoint}`)
    this.#noteAt(endpoint, misfit)
    if (!this.#admits(`${misfit} ${endpoint}`)) return
    const message = `connections at ${endpoint} were refused, ${count} so far: ${this.#blame(misfit)}${endedAt(endpoint)}`
    this.#on({ type: 'misfits', endpoint, misfit, count, message })
  }

  /** Another node is there, and does not let this one in. */
  shutOut(node: string, endpoint: string, refusal: Refusal): void {
    if (!this.#admits(`${node} ${endpoint} ${refusal}`)) return
    const message = `node ${node} does not let this one in: ${refusalText(refusal, endpoint)}`
    this.#on({ type: 'shut-out', node, endpoint, refusal, message })
  }

  #noteAt(at: string, why: TurnedAway['why']): void {
    const now = this.#clock.now()
    const known = this.#asked.get(at)
    const isKnown = known !== undefined && now - known.at < askedIntervalMs
    const asked = isKnown ? known : { at: now, who: cameFrom(at) }
    this.#asked.set(at, asked)
    this.#lately.note({ why, who: asked.who, at }, now)
  }

  #tooMany(address: string): void {
    if (!this.#admits('addresses')) return
    const message = `connections from more than ${toldAddresses} addresses were denied within a minute: the others are not told`
    this.#on({ type: 'denied', address, message })
  }

  #blame(misfit: Misfit): string {
    if (misfit === 'another key')
      return 'they were made for another key than that of this node; `tidings check` prints the public keys of a definition'
    return this.#hasKeys
      ? 'they have no key, and this node demands one; ours have the TidingsKeyFile of its definition'
      : 'they demand a key, and this node has none; it has to be started with the TidingsKeyFile that they have'
  }

  #admits(what: string): boolean {
    return this.#told.admits(what, this.#clock.now())
  }

  #count(what: string): number {
    const count = (this.#counts.get(what) ?? 0) + 1
    this.#counts.set(what, count)
    return count
  }
}
