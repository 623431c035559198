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
import { socketLimits } from './socket-options.ts'

/** A retry is announced at once; after two reconnect intervals without one there is none. */
const retryWithinMs = 2 * socketLimits.reconnectIntervalMs

/** So many handshakes without an answer take half a minute: it is somebody else who has that port, and not who is only slow. */
export const handshakesInVain = 15

/** Called from the event loop, one at a time, never from inside a call of the monitor. */
interface ConnectionMonitorHandlers {
  /** A handshake has succeeded, and took so many milliseconds; `again`: this endpoint was connected before. */
  connected?(endpoint: string, again: boolean, tookMs: number): void
  /** A connection that stood has ended; libzmq, or `dead`, goes on from here. */
  disconnected?(endpoint: string): void
  /** libzmq tries no more: `disconnect` and `connect` this endpoint, or put a new proxy in its place. */
  dead?(endpoint: string, why: string): void
  /** Somebody came to a port that this socket binds and did not finish a handshake. */
  stranger?(endpoint: string): void
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
  /** Connections in a row on which nobody has refused the handshake. */
  handshakes: number
  /** The last handshake that came to an end was refused, or broken off. */
  isRefused: boolean
}

/**
 * Watches the endpoints that one socket connects to; of those that it binds only who does not finish a
 * handshake is counted, since libzmq's events do not tell their connections apart. Attach it before the first `connect`. It goes on
 * while the socket runs inside a proxy.
 */
export class ConnectionMonitor {
  /** Resolves when the closed socket has sent what it had, or its `linger` is over, and its ports are free. */
  readonly ended: Promise<void>
  readonly #clock: Clock
  readonly #handlers: ConnectionMonitorHandlers
  readonly #endpoints = new Map<string, Endpoint>()
  /** Of the endpoints that the socket binds. */
  readonly #arrivals = new Map<string, Arrivals>()
  #closed = false

  constructor(socket: Socket, clock: Clock, handlers: ConnectionMonitorHandlers = {}) {
    this.#clock = clock
    this.#handlers = handlers
    this.ended = this.#watch(socket).catch((error: unknown) => {
      if (!this.#closed) handlers.failed?.(TidingsError.from(error))
    })
  }

  /**
   * Say it before each `connect` to an endpoint (`tcp://<numeric address>:<port>`, as libzmq will
   * name it), the repeated one of a renewal too.
   */
  expect(endpoint: string): void {
    const known = this.#endpoints.get(endpoint)
    known?.verdict?.cancel()
    this.#endpoints.set(endpoint, {
      connected: false,
      everConnected: known?.everConnected ?? false,
      verdict: null,
      connectedAt: 0,
      handshakes: known?.handshakes ?? 0,
      isRefused: known?.isRefused ?? false,
    })
  }

  /** Say it with each `disconnect` for good. */
  forget(endpoint: string): void {
    this.#endpoints.get(endpoint)?.verdict?.cancel()
    this.#endpoints.delete(endpoint)
  }

  isConnected(endpoint: string): boolean {
    return this.#endpoints.get(endpoint)?.connected ?? false
  }

  /** Somebody takes connections there, and may finish a handshake yet: so it is with one who is too busy for it. */
  isTaken(endpoint: string): boolean {
    const { handshakes = 0, isRefused = false } = this.#endpoints.get(endpoint) ?? {}
    return !isRefused && handshakes > 0 && handshakes <= handshakesInVain
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
    for (const { verdict } of this.#endpoints.values()) verdict?.cancel()
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
    if (!endpoint) return this.#arrive(event.address, event.type)
    count(event, endpoint)
    if (event.type === 'connect') endpoint.connectedAt = this.#clock.now()
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

  #arrive(address: string, type: Event['type']): void {
    if (type === 'disconnect') this.#handlers.departed?.(address)
    if (this.#handlers.stranger === undefined) return
    if (type === 'accept') this.#arrivalsAt(address).accepted()
    else if (type === 'handshake' || type === 'handshake:error:auth') {
      this.#arrivals.get(address)?.handshakeEnded()
    }
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
    cancelVerdict(endpoint)
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

/** A handshake that libzmq ends after `handshakeIntervalMs` is told as EAGAIN: nobody has refused it. */
function count(event: Event, endpoint: Endpoint): void {
  if (event.type === 'connect') endpoint.handshakes += 1
  else if (event.type === 'close') endpoint.handshakes = 0
  else if (event.type === 'handshake:error:other')
    endpoint.isRefused = event.error.code !== 'EAGAIN'
  else if (event.type.startsWith('handshake:error')) endpoint.isRefused = true
  else if (event.type === 'handshake') [endpoint.handshakes, endpoint.isRefused] = [0, false]
}

function cancelVerdict(endpoint: Endpoint): void {
  endpoint.verdict?.cancel()
  endpoint.verdict = null
}
