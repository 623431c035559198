/**
 * What libzmq's socket events say about connections: which stand, and which libzmq has given up.
 * After a protocol error (a frame too large, a socket of another type at that port for a moment,
 * access denied) libzmq ends a connection and never tries again, and neither the socket nor a proxy
 * that owns it is told. What it goes on with, it announces: a retry.
 */
import type { Event, Socket } from 'zeromq'
import type { Clock, Timer } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { Arrivals } from './arrivals.ts'
import { Handshakes, misfitOf } from './handshakes.ts'
import { connectWith } from './keys/curve.ts'
import type { KeyChoice } from './keys/key-choice.ts'
import type { Misfit, Refusal } from './keys/refusal.ts'
import { socketLimits } from './socket-options.ts'
import { inBackground } from '../base/background.ts'
import { mechanismAt } from './mechanism-at.ts'
import { connectSocket } from './uninterrupted.ts'

/** A retry is announced at once; after two reconnect intervals without one there is none. */
const retryWithinMs = 2 * socketLimits.reconnectIntervalMs

/** Pause before the keys of the ring are tried again when none of them has fitted, milliseconds. */
const nextRoundMs = 1_000

/** Called from the event loop, one at a time, never from inside a call of the monitor. */
interface ConnectionMonitorHandlers {
  /** A handshake has succeeded, and took so many milliseconds; `again`: this endpoint was connected before. */
  connected?(endpoint: string, again: boolean, tookMs: number): void
  /** A connection that stood has ended; libzmq, or `dead`, goes on from here. */
  disconnected?(endpoint: string): void
  /** libzmq tries no more: `disconnect` and `connect` this endpoint, or put a new proxy in its place. */
  dead?(endpoint: string, why: string): void
  /** Who is there does not let us in; told again with each attempt. */
  refused?(endpoint: string, refusal: Refusal): void
  /** Somebody came to a port that this socket binds and did not finish a handshake. */
  stranger?(endpoint: string): void
  /** Somebody came to a port that this socket binds with no key, or with another one; without this it is a stranger. */
  misfit?(endpoint: string, misfit: Misfit): void
  /** A connection that somebody made to a port which this socket binds has ended. */
  departed?(endpoint: string): void
  /** What one of these was told has failed there: nothing more is told. */
  failed?(error: TidingsError): void
}

interface Endpoint {
  connected: boolean
  everConnected: boolean
  verdict: Timer | null
  /** When the last one was made that is in its handshake. */
  connectedAt: number
  /** Until the next key of the ring is tried; libzmq's own retry, with the same one, does not cancel it. */
  nextKey: Timer | null
  /** It is being asked how its connections are secured. */
  isAsked: boolean
  readonly handshakes: Handshakes
}

/**
 * Watches the endpoints that one socket connects to; of those that it binds only who does not finish a
 * handshake is counted, since libzmq's events do not tell their connections apart. Attach it before the first `connect`. It goes on
 * while the socket runs inside a proxy.
 */
export class ConnectionMonitor {
  /** Resolves when the closed socket has sent what it had, or its `linger` is over, and its ports are free. */
  readonly ended: Promise<void>
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #handlers: ConnectionMonitorHandlers
  readonly #keys: KeyChoice | null
  readonly #endpoints = new Map<string, Endpoint>()
  /** Of the endpoints that the socket binds. */
  readonly #arrivals = new Map<string, Arrivals>()
  #closed = false

  /** `keys`: what it connects with; null: there are none. */
  constructor(
    socket: Socket,
    clock: Clock,
    handlers: ConnectionMonitorHandlers = {},
    keys: KeyChoice | null = null,
  ) {
    this.#socket = socket
    this.#clock = clock
    this.#handlers = handlers
    this.#keys = keys
    this.ended = this.#watch(socket).catch((error: unknown) => {
      if (!this.#closed) handlers.failed?.(TidingsError.from(error))
    })
  }

  /**
   * Connects the socket to an endpoint (`tcp://<numeric address>:<port>`, as libzmq will name it), for the first time
   * or anew, with the key that is next there.
   */
  connect(endpoint: string): void {
    this.expect(endpoint)
    if (this.#keys) connectWith(this.#socket, this.#keys.pairFor(endpoint))
    connectSocket(this.#socket, endpoint)
  }

  /** Say it before each connection that is made in another way. */
  expect(endpoint: string): void {
    const known = this.#endpoints.get(endpoint)
    cancelTimers(known)
    this.#endpoints.set(endpoint, {
      connected: false,
      everConnected: known?.everConnected ?? false,
      verdict: null,
      connectedAt: 0,
      nextKey: null,
      isAsked: false,
      handshakes: known?.handshakes ?? new Handshakes(this.#keys !== null),
    })
  }

  /** Say it with each `disconnect` for good. */
  forget(endpoint: string): void {
    cancelTimers(this.#endpoints.get(endpoint))
    this.#endpoints.delete(endpoint)
    this.#keys?.forget(endpoint)
  }

  isConnected(endpoint: string): boolean {
    return this.#endpoints.get(endpoint)?.connected ?? false
  }

  /** Somebody takes connections there, and may finish a handshake yet: so it is with one who is too busy for it. */
  isTaken(endpoint: string): boolean {
    return this.#endpoints.get(endpoint)?.handshakes.isTaken ?? false
  }

  /** Why who is there does not let us in; null: nobody is there, it does, or nothing is known of it. */
  refusalOf(endpoint: string): Refusal | null {
    return this.#endpoints.get(endpoint)?.handshakes.refusal ?? null
  }

  /** How many of the expected endpoints are connected now. */
  connections(): number {
    let sum = 0
    for (const endpoint of this.#endpoints.values()) if (endpoint.connected) sum += 1
    return sum
  }

  /** Nothing is told after this. The watch itself ends with the socket: `ended`. */
  close(): void {
    this.#closed = true
    for (const endpoint of this.#endpoints.values()) cancelTimers(endpoint)
    this.#endpoints.clear()
    for (const arrivals of this.#arrivals.values()) arrivals.close()
  }

  async #watch(socket: Socket): Promise<void> {
    const events = socket.events
    while (!events.closed) {
      const event = (await events.receive()) as Event | undefined
      if (event === undefined || event.type === 'end') return
      if (!this.#closed) this.#take(event)
    }
  }

  #take(event: Event): void {
    if (!('address' in event)) return
    const endpoint = this.#endpoints.get(event.address)
    if (!endpoint) return this.#arrive(event.address, event)
    if (event.type === 'connect') endpoint.connectedAt = this.#clock.now()
    if (endpoint.handshakes.take(event)) this.#refused(event.address, endpoint)
    switch (event.type) {
      case 'handshake':
        this.#connected(event.address, endpoint)
        break
      case 'handshake:error:auth':
        this.#judgeLater(event.address, endpoint, 'access was denied')
        break
      case 'handshake:error:protocol':
      case 'handshake:error:other':
        this.#judgeLater(event.address, endpoint, 'the handshake failed')
        break
      case 'disconnect':
        this.#disconnected(event.address, endpoint)
        break
      case 'connect:retry':
      case 'connect:delay':
        cancelVerdict(endpoint)
        break
      default:
        break
    }
  }

  #arrive(address: string, event: Event): void {
    const { type } = event
    if (type === 'disconnect') this.#handlers.departed?.(address)
    const misfit = this.#handlers.misfit === undefined ? null : misfitOf(event)
    if (misfit !== null) this.#handlers.misfit?.(address, misfit)
    if (this.#handlers.stranger === undefined) return
    if (type === 'accept') this.#arrivalsAt(address).accepted()
    else if (type === 'handshake' || type === 'handshake:error:auth' || misfit !== null) {
      this.#arrivals.get(address)?.handshakeEnded()
    }
  }

  /** Another key of the ring may fit: one that was not tried yet is tried at once. */
  #refused(address: string, endpoint: Endpoint): void {
    const { refusal } = endpoint.handshakes
    if (refusal !== null) this.#handlers.refused?.(address, refusal)
    else if (endpoint.handshakes.isUnexplained(this.#keys?.count ?? 0)) this.#ask(address, endpoint)
    if (!this.#keys?.hasOther(address) || endpoint.nextKey !== null) return
    const isUntried = this.#keys.failed(address)
    endpoint.nextKey = this.#clock.after(isUntried ? 0 : nextRoundMs, () => {
      endpoint.nextKey = null
      if (!this.#closed)
        this.#handlers.dead?.(address, 'the key did not fit, and the next is tried')
    })
  }

  #ask(address: string, endpoint: Endpoint): void {
    if (endpoint.isAsked) return
    endpoint.isAsked = true
    const explained = mechanismAt(address, this.#clock).then((mechanism) => {
      endpoint.isAsked = false
      endpoint.handshakes.explain(mechanism)
      const { refusal } = endpoint.handshakes
      if (refusal !== null && !this.#closed) this.#handlers.refused?.(address, refusal)
    })
    inBackground(explained, () => {})
  }

  #arrivalsAt(address: string): Arrivals {
    const known = this.#arrivals.get(address)
    if (known) return known
    const made = new Arrivals(this.#clock, () => this.#handlers.stranger?.(address))
    this.#arrivals.set(address, made)
    return made
  }

  #connected(address: string, endpoint: Endpoint): void {
    const again = endpoint.everConnected
    endpoint.connected = true
    endpoint.everConnected = true
    cancelTimers(endpoint)
    this.#keys?.stood(address)
    this.#handlers.connected?.(address, again, this.#clock.now() - endpoint.connectedAt)
  }

  #disconnected(address: string, endpoint: Endpoint): void {
    const stood = endpoint.connected
    endpoint.connected = false
    this.#judgeLater(address, endpoint, stood ? 'the connection ended' : 'the handshake failed')
    if (stood) this.#handlers.disconnected?.(address)
  }

  #judgeLater(address: string, endpoint: Endpoint, why: string): void {
    if (endpoint.verdict !== null) return
    endpoint.verdict = this.#clock.after(retryWithinMs, () => {
      endpoint.verdict = null
      if (!this.#closed) this.#handlers.dead?.(address, `${why}, and libzmq does not retry`)
    })
  }
}

function cancelVerdict(endpoint: Endpoint): void {
  endpoint.verdict?.cancel()
  endpoint.verdict = null
}

function cancelTimers(endpoint: Endpoint | undefined): void {
  if (endpoint === undefined) return
  cancelVerdict(endpoint)
  endpoint.nextKey?.cancel()
  endpoint.nextKey = null
}
