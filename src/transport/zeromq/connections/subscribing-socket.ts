import { setImmediate as nextTurn } from 'node:timers/promises'
import { XSubscriber } from 'zeromq'
import { joinFrames } from './joined-frames.ts'
import type { Clock } from '../../../base/clock.ts'
import { KeyChoice } from '../../../sockets/keys/key-choice.ts'
import type { Keys } from '../../../sockets/keys/keys.ts'
import type { Refusal } from '../../../sockets/keys/refusal.ts'
import { ConnectionMonitor } from '../../../sockets/connection-monitor.ts'
import type { Refusals } from '../../refusals.ts'
import { connectingXsub, socketLimits } from '../../../sockets/socket-options.ts'
import { disconnectSocket } from '../../../sockets/uninterrupted.ts'

const receiveLimits = {
  /** Bytes taken before timers and other sockets get their turn: some milliseconds of decoding. */
  bytesPerTurn: 1024 * 1024,
  /** Messages taken before that: small ones cost by number. */
  messagesPerTurn: 256,
} as const

interface SubscribingSocketHandlers {
  message(message: Uint8Array): void
  /** A promise: no more is read until it is fulfilled. */
  room(): Promise<void> | null
  /** `again`: this endpoint was connected before. */
  connected(endpoint: string, again: boolean): void
  disconnected(endpoint: string): void
  renewed(endpoint: string, why: string): void
  /** Who is there does not let us in; told again with each attempt. */
  refused(endpoint: string, refusal: Refusal): void
  /** Receiving has failed for a reason that is not ours. */
  failed(error: unknown): void
}

/**
 * The XSUB of a process: updates come down its connections, subscriptions and requests go up all of
 * them. An XSUB connects twice to one endpoint without complaint and then gets everything doubled,
 * so this holds each endpoint once.
 */
export class SubscribingSocket {
  readonly #socket: XSubscriber
  readonly #monitor: ConnectionMonitor
  readonly #handlers: SubscribingSocketHandlers
  readonly #refusals: Refusals
  readonly #endpoints = new Set<string>()
  readonly #prefixes = new Set<string>()
  readonly #received: Promise<void>
  readonly #sendRefused = () => this.#refusals.count('send')

  constructor(
    keys: Keys | null,
    clock: Clock,
    refusals: Refusals,
    handlers: SubscribingSocketHandlers,
  ) {
    this.#handlers = handlers
    this.#refusals = refusals
    this.#socket = new XSubscriber(connectingXsub(keys))
    const watch = {
      connected: (endpoint: string, again: boolean) => handlers.connected(endpoint, again),
      disconnected: (endpoint: string) => handlers.disconnected(endpoint),
      refused: (endpoint: string, refusal: Refusal) => handlers.refused(endpoint, refusal),
      dead: (endpoint: string, why: string) => this.renew(endpoint, why),
      failed: (error: unknown) => handlers.failed(error),
    }
    this.#monitor = new ConnectionMonitor(this.#socket, clock, watch, KeyChoice.of(keys))
    this.#received = this.#receive()
  }

  connect(endpoint: string): void {
    if (this.#endpoints.has(endpoint)) return
    this.#endpoints.add(endpoint)
    this.#monitor.connect(endpoint)
  }

  /** What has arrived from there is still read; what has not is lost. */
  disconnect(endpoint: string): void {
    if (!this.#endpoints.delete(endpoint)) return
    this.#monitor.forget(endpoint)
    disconnectSocket(this.#socket, endpoint)
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

  connections(): number {
    return this.#monitor.connections()
  }

  /** Disconnects and connects; libzmq then sends all subscriptions again. */
  renew(endpoint: string, why: string): void {
    if (!this.#endpoints.has(endpoint)) return
    disconnectSocket(this.#socket, endpoint)
    this.#monitor.connect(endpoint)
    this.#handlers.renewed(endpoint, why)
  }

  subscribe(prefix: string): void {
    if (this.#prefixes.has(prefix)) return
    this.#prefixes.add(prefix)
    this.#send(Buffer.from(`\x01${prefix}`))
  }

  unsubscribe(prefix: string): void {
    if (this.#prefixes.delete(prefix)) this.#send(Buffer.from(`\x00${prefix}`))
  }

  /** Up to every publisher; the first byte is neither 0 nor 1. */
  request(frame: Uint8Array): void {
    if (frame.length > socketLimits.maxRequestBytes) return this.#refusals.count('oversize')
    this.#send(frame)
  }

  async close(lingerMs: number): Promise<void> {
    if (!this.#socket.closed) {
      this.#dropUnconnected()
      this.#monitor.close()
      this.#socket.linger = lingerMs
      this.#socket.close()
    }
    await Promise.all([this.#monitor.ended, this.#received])
  }

  /** What waits for a peer that is not there would hold up closing for all of its `linger`. */
  #dropUnconnected(): void {
    this.#socket.linger = 0
    for (const endpoint of this.#endpoints) {
      if (!this.#monitor.isConnected(endpoint)) disconnectSocket(this.#socket, endpoint)
    }
  }

  #send(frame: Uint8Array): void {
    this.#socket.send(frame).catch(this.#sendRefused)
  }

  /**
   * Of a message of several frames, which only programs that are not ours send, a connection that breaks
   * may leave the first ones (EAGAIN). What is lost with it is no failure of ours.
   */
  #brokenOff(error: unknown): readonly Buffer[] {
    if (this.#socket.closed || (error as { code?: string }).code !== 'EAGAIN') throw error
    this.#refusals.count('message without an end')
    return []
  }

  #take(frames: readonly Buffer[]): void {
    const message = joinFrames(frames)
    if (message === null) this.#refusals.count('bad-frames')
    else this.#handlers.message(message)
  }

  /** zeromq.js reads without leaving the turn while messages are there; so this leaves it at times. */
  async #receive(): Promise<void> {
    const socket = this.#socket
    const { bytesPerTurn, messagesPerTurn } = receiveLimits
    let bytes = 0
    let messages = 0
    try {
      while (!socket.closed) {
        let frames: readonly Buffer[]
        try {
          frames = await socket.receive()
        } catch (error) {
          frames = this.#brokenOff(error)
        }
        if (socket.closed) return
        if (frames.length > 0) this.#take(frames)
        const full = this.#handlers.room()
        if (full) await full
        for (const frame of frames) bytes += frame.length
        messages += 1
        if (bytes < bytesPerTurn && messages < messagesPerTurn) continue
        await nextTurn()
        bytes = 0
        messages = 0
      }
    } catch (error) {
      if (!socket.closed) this.#handlers.failed(error)
    }
  }
}
