/**
 * What libzmq's socket events say about connections: how many there are, and which connecting one
 * libzmq has given up. After a protocol error (a frame too large, a socket of another type at that
 * port for a moment, access denied) libzmq ends a connection and never tries again, and neither
 * the socket nor a proxy that owns it is told. What it goes on with, it announces: a retry.
 */
import type { Event, Socket } from 'zeromq'
import type { Clock, Timer } from '../../base/clock.ts'
import { socketLimits } from './socket-options.ts'

/** A retry is announced at once; after two reconnect intervals without one there is none. */
const retryWithinMs = 2 * socketLimits.reconnectIntervalMs

export interface ConnectionMonitorHandlers {
  /** A handshake has succeeded; `again`: this endpoint was connected before. */
  connected?(endpoint: string, again: boolean): void
  /** A connection that stood has ended; libzmq, or `dead`, goes on from here. */
  disconnected?(endpoint: string): void
  /** libzmq tries no more: `disconnect` and `connect` this endpoint, or put a new proxy in its place. */
  dead?(endpoint: string, why: string): void
}

interface Endpoint {
  connections: number
  everConnected: boolean
  /** Handshakes failed whose disconnect is still to come: those connections were never counted. */
  failed: number
  why: string
  verdict: Timer | null
}

/**
 * Watches one socket from its creation: attach it before `bind` and `connect`. It goes on while the
 * socket runs inside a proxy. All calls come from the event loop, none from inside a call to it.
 */
export class ConnectionMonitor {
  readonly #clock: Clock
  readonly #handlers: ConnectionMonitorHandlers
  /** Endpoints that this socket connects to; the others it binds. */
  readonly #connecting = new Set<string>()
  readonly #endpoints = new Map<string, Endpoint>()
  #closed = false

  constructor(socket: Socket, clock: Clock, handlers: ConnectionMonitorHandlers = {}) {
    this.#clock = clock
    this.#handlers = handlers
    void this.#watch(socket)
  }

  /** Says that the socket connects to this endpoint (`tcp://<numeric address>:<port>`). */
  expect(endpoint: string): void {
    this.#connecting.add(endpoint)
  }

  /** Says that the socket was disconnected from the endpoint on purpose; libzmq announces no end then. */
  forget(endpoint: string): void {
    this.#endpoints.get(endpoint)?.verdict?.cancel()
    this.#endpoints.delete(endpoint)
    this.#connecting.delete(endpoint)
  }

  /** Says that the endpoint was disconnected and connected again on purpose. */
  renewed(endpoint: string): void {
    const state = this.#endpoints.get(endpoint)
    if (!state) return
    state.verdict?.cancel()
    state.verdict = null
    state.connections = 0
    state.failed = 0
  }

  /** Connections that stand now, at one endpoint or at all. */
  connections(endpoint?: string): number {
    if (endpoint !== undefined) return this.#endpoints.get(endpoint)?.connections ?? 0
    let sum = 0
    for (const state of this.#endpoints.values()) sum += state.connections
    return sum
  }

  /** Nothing is told after this. The socket's own closing ends the watch. */
  close(): void {
    this.#closed = true
    for (const state of this.#endpoints.values()) state.verdict?.cancel()
    this.#endpoints.clear()
  }

  async #watch(socket: Socket): Promise<void> {
    for await (const event of socket.events) {
      if (this.#closed) return
      this.#take(event)
    }
  }

  #take(event: Event): void {
    if (!('address' in event)) return
    const endpoint = event.address
    const state = this.#state(endpoint)
    switch (event.type) {
      case 'handshake':
        this.#connected(endpoint, state)
        break
      case 'handshake:error:protocol':
      case 'handshake:error:auth':
      case 'handshake:error:other':
        state.failed += 1
        state.why = event.type === 'handshake:error:auth' ? 'access denied' : 'handshake failed'
        this.#judgeLater(endpoint, state)
        break
      case 'disconnect':
        this.#disconnected(endpoint, state)
        break
      case 'connect:retry':
      case 'connect:delay':
      case 'connect':
        state.verdict?.cancel()
        state.verdict = null
        break
      default:
        break
    }
  }

  #connected(endpoint: string, state: Endpoint): void {
    const again = state.everConnected
    state.connections += 1
    state.everConnected = true
    state.verdict?.cancel()
    state.verdict = null
    this.#handlers.connected?.(endpoint, again)
  }

  #disconnected(endpoint: string, state: Endpoint): void {
    if (state.failed > 0) {
      state.failed -= 1
    } else {
      state.why = 'connection ended'
      if (state.connections > 0) {
        state.connections -= 1
        this.#handlers.disconnected?.(endpoint)
      }
    }
    this.#judgeLater(endpoint, state)
  }

  #judgeLater(endpoint: string, state: Endpoint): void {
    if (!this.#connecting.has(endpoint) || state.verdict !== null) return
    state.verdict = this.#clock.after(retryWithinMs, () => {
      state.verdict = null
      if (!this.#closed) this.#handlers.dead?.(endpoint, `${state.why}, and libzmq does not retry`)
    })
  }

  #state(endpoint: string): Endpoint {
    let state = this.#endpoints.get(endpoint)
    if (!state) {
      state = { connections: 0, everConnected: false, failed: 0, why: '', verdict: null }
      this.#endpoints.set(endpoint, state)
    }
    return state
  }
}
