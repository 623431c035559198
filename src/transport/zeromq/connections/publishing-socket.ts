import { setImmediate as nextTurn } from 'node:timers/promises'
import { XPublisher } from 'zeromq'
import type { Clock } from '../../../base/clock.ts'
import { TidingsError } from '../../../base/tidings-error.ts'
import { TokenBucket } from '../../../base/token-bucket.ts'
import { bindPort } from '../../../sockets/port-owner.ts'
import { KeyChoice } from '../../../sockets/keys/key-choice.ts'
import type { Keys } from '../../../sockets/keys/keys.ts'
import type { Misfit, Refusal } from '../../../sockets/keys/refusal.ts'
import { ConnectionMonitor } from '../../../sockets/connection-monitor.ts'
import { Probe } from './probe.ts'
import type { Refusals } from '../../refusals.ts'
import { boundXpub, connectingXpub, socketLimits } from '../../../sockets/socket-options.ts'
import { disconnectSocket } from '../../../sockets/uninterrupted.ts'

export const requestLimits = {
  /** Requests a second that are passed on: far above what some hundred subscribers ask in a bad hour. */
  perSecond: 10_000,
  /** Requests at once: all subscribers of a large cluster ask when a hop comes back. */
  burst: 20_000,
  /** Bytes of requests a second, and at once: the handlers keep what they are given for a while. */
  bytesPerSecond: 16 * 1024 * 1024,
  /** Upstream messages taken before timers and sockets get their turn. */
  perTurn: 256,
} as const

interface PublishingSocketHandlers {
  request(frame: Buffer): void
  probe(frame: Buffer): void
  connected(endpoint: string): void
  disconnected(endpoint: string): void
  renewed(endpoint: string, why: string): void
  /** Who is there does not let us in; told again with each attempt. */
  refused(endpoint: string, refusal: Refusal): void
  /** Receiving has failed for a reason that is not ours. */
  failed(error: unknown): void
}

/**
 * What a process publishes on: updates go down, subscriptions and requests come up. The upstream queue of an XPUB
 * knows no high-water mark, so it is always read, and what is too much is discarded here.
 *
 * A process of a linked mesh both binds and connects, on a socket each: the bound one asks the access list, and a
 * socket that asks it must not connect. Where such a connection is made a second time, and disconnected in its handshake,
 * libzmq 4.3.5 writes the question into a pipe that has ended, and ends the process (`Transport endpoint is not
 * connected`, zap_client.cpp).
 */
export class PublishingSocket {
  /** What connects. */
  readonly #socket: XPublisher
  readonly #monitor: ConnectionMonitor
  /** What binds; null: nothing does. */
  readonly #bound: XPublisher | null
  readonly #boundMonitor: ConnectionMonitor | null
  readonly #clock: Clock
  readonly #handlers: PublishingSocketHandlers
  readonly #refusals: Refusals
  readonly #requests: TokenBucket
  readonly #requestBytes: TokenBucket
  readonly #endpoints = new Set<string>()
  readonly #drained: Promise<unknown>
  readonly #sendRefused = () => this.#refusals.count('send')

  /** `zapDomain`: null for a socket that only connects. */
  constructor(
    zapDomain: string | null,
    keys: Keys | null,
    clock: Clock,
    refusals: Refusals,
    handlers: PublishingSocketHandlers,
  ) {
    this.#clock = clock
    this.#handlers = handlers
    this.#refusals = refusals
    const { perSecond, burst, bytesPerSecond } = requestLimits
    this.#requests = new TokenBucket(perSecond, burst, clock.now())
    this.#requestBytes = new TokenBucket(bytesPerSecond, bytesPerSecond, clock.now())
    this.#socket = new XPublisher(connectingXpub(keys))
    const failed = (error: unknown): void => handlers.failed(error)
    const watch = {
      connected: (endpoint: string) => handlers.connected(endpoint),
      disconnected: (endpoint: string) => handlers.disconnected(endpoint),
      refused: (endpoint: string, refusal: Refusal) => handlers.refused(endpoint, refusal),
      dead: (endpoint: string, why: string) => this.#reconnect(endpoint, why),
      failed,
    }
    this.#monitor = new ConnectionMonitor(this.#socket, clock, watch, KeyChoice.of(keys))
    this.#bound = zapDomain === null ? null : new XPublisher(boundXpub(zapDomain, keys))
    const watchBound = {
      stranger: () => refusals.count('no handshake'),
      misfit: (_: string, misfit: Misfit) => refusals.count(misfit),
      failed,
    }
    this.#boundMonitor = this.#bound && new ConnectionMonitor(this.#bound, clock, watchBound)
    this.#drained = Promise.all(this.#sockets().map((socket) => this.#drain(socket)))
  }

  /** @throws TidingsError PORT_TAKEN, TRANSPORT_FAILED; USAGE where there is no `zapDomain`. */
  async bind(address: string, port: number, purpose: string, remedy?: string): Promise<void> {
    if (!this.#bound) throw new TidingsError('USAGE', 'a socket without a domain binds no port')
    await bindPort(this.#bound, address, port, purpose, remedy)
  }

  connect(endpoint: string): void {
    if (this.#endpoints.has(endpoint)) return
    this.#endpoints.add(endpoint)
    this.#monitor.connect(endpoint)
  }

  isConnected(endpoint: string): boolean {
    return this.#monitor.isConnected(endpoint)
  }

  /** Somebody takes connections there, and may finish a handshake yet. */
  isTaken(endpoint: string): boolean {
    return this.#monitor.isTaken(endpoint)
  }

  refusalOf(endpoint: string): Refusal | null {
    return this.#monitor.refusalOf(endpoint)
  }

  send(message: Uint8Array): void {
    if (message.length > socketLimits.maxFrameBytes) return this.#refusals.count('oversize')
    this.#bound?.send(message).catch(this.#sendRefused)
    if (this.#endpoints.size > 0) this.#socket.send(message).catch(this.#sendRefused)
  }

  /**
   * Makes the connections anew, which drops what they hold. Those that others made to our port are
   * left: each subscriber renews its own, and unbinding would cut the healthy ones too.
   */
  renew(why: string): void {
    for (const endpoint of this.#endpoints) this.#reconnect(endpoint, why)
  }

  async close(lingerMs: number): Promise<void> {
    this.#monitor.close()
    this.#boundMonitor?.close()
    for (const socket of this.#sockets()) {
      if (socket.closed) continue
      socket.linger = lingerMs
      socket.close()
    }
    await Promise.all([this.#monitor.ended, this.#boundMonitor?.ended, this.#drained])
  }

  #sockets(): XPublisher[] {
    return this.#bound ? [this.#socket, this.#bound] : [this.#socket]
  }

  #reconnect(endpoint: string, why: string): void {
    disconnectSocket(this.#socket, endpoint)
    this.#monitor.connect(endpoint)
    this.#handlers.renewed(endpoint, why)
  }

  async #drain(socket: XPublisher): Promise<void> {
    let left: number = requestLimits.perTurn
    try {
      while (!socket.closed) {
        for (const frame of await this.#receive(socket)) if (!socket.closed) this.#take(frame)
        left -= 1
        if (left > 0) continue
        await nextTurn()
        left = requestLimits.perTurn
      }
    } catch (error) {
      if (!socket.closed) this.#handlers.failed(error)
    }
  }

  /**
   * Upstream, the bounds of messages mean nothing. Of one with several frames libzmq executes those
   * that begin with 0 or 1 as subscriptions; where it passes none of them on, the message seems to
   * go on and has no next frame (EAGAIN), or goes on with the next message of somebody else. So
   * each frame stands for itself, and a message without an end is no failure of ours.
   */
  async #receive(socket: XPublisher): Promise<readonly Buffer[]> {
    try {
      return await socket.receive()
    } catch (error) {
      if (socket.closed || (error as { code?: string }).code !== 'EAGAIN') throw error
      this.#refusals.count('message without an end')
      return []
    }
  }

  #take(frame: Buffer): void {
    const first = frame[0]
    if (first === undefined || first === 0 || first === 1) return
    if (Probe.is(frame)) return this.#handlers.probe(frame)
    const now = this.#clock.now()
    if (!this.#requests.take(1, now) || !this.#requestBytes.take(frame.length, now)) {
      return this.#refusals.count('too many requests')
    }
    this.#handlers.request(frame)
  }
}
