import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { allForeignTopic } from '../model/topic.ts'
import { socketLimits } from '../sockets/socket-options.ts'
import type { ForeignSource, ForeignSourceHandlers } from './foreign-source.ts'
import { intakeLimits } from './intake-limits.ts'
import {
  greeting,
  readyCommand,
  subscribeMessage,
  unsubscribeMessage,
  welcomeCommand,
} from './zmtp.ts'
import { ZmtpReader } from './zmtp-reader.ts'

const loopback = '127.0.0.1'

/** Connections at once: one is the bus, two while it is made anew; the rest are strangers. */
const maxConnections = 16

/**
 * Where the inbound proxy hands over what foreign programs publish: a subscriber of `update/` that it
 * connects to, on loopback, beside outbound and export. What is ours is published under other topics,
 * so none of it comes here. A connection that ends libzmq makes again. Every user of the host can reach the port: who does
 * not know the password, which only the bus of this process does, is put out.
 */
export class ForeignPort implements ForeignSource {
  readonly #server: Server
  readonly #clock: Clock
  readonly #handlers: ForeignSourceHandlers
  readonly password = randomId()
  readonly #connections = new Set<Socket>()
  #isClosing = false

  private constructor(clock: Clock, handlers: ForeignSourceHandlers) {
    this.#clock = clock
    this.#handlers = handlers
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = maxConnections
  }

  static async open(clock: Clock, handlers: ForeignSourceHandlers): Promise<ForeignPort> {
    const port = new ForeignPort(clock, handlers)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    port.#server.once('error', reject)
    port.#server.listen(0, loopback, resolve)
    await promise
    return port
  }

  get endpoint(): string {
    return `tcp://${loopback}:${(this.#server.address() as AddressInfo).port}`
  }

  /** Nothing more is wanted; what is under way still comes. */
  unsubscribe(): void {
    for (const socket of this.#connections) socket.write(unsubscribeMessage(allForeignTopic))
  }

  async close(): Promise<void> {
    this.#isClosing = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#connections) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket)
    const handlers = this.#handlers
    const welcome = (): void => {
      socket.write(welcomeCommand())
    }
    const ready = (): void => {
      socket.write(Buffer.concat([readyCommand(), subscribeMessage(allForeignTopic)]))
      handlers.subscribed()
    }
    const limits = {
      password: this.password,
      maxMessageBytes: intakeLimits.messageBytes,
      maxFrameBytes: socketLimits.maxInboundBytes,
    }
    const reader = new ZmtpReader(limits, { ...handlers, welcome, ready })
    let why = 'the other end closed it'
    const late = this.#clock.after(socketLimits.handshakeIntervalMs, () => {
      if (reader.isReady) return
      why = `it did not finish its handshake within ${socketLimits.handshakeIntervalMs} ms`
      socket.destroy()
    })
    socket.on('data', (piece: Buffer) => {
      const end = reader.take(piece)
      if (end === null) return
      why = end
      socket.destroy()
    })
    socket.on('error', (error) => (why = error.message))
    socket.on('close', () => {
      late.cancel()
      this.#connections.delete(socket)
      if (this.#isClosing) return
      if (reader.isReady) handlers.interrupted(interruption(why))
      else handlers.stranger(why)
    })
    socket.write(greeting())
  }
}

const interruption = (why: string): string =>
  `the connection from the bus to the intake has ended: ${why}; what foreign programs publish until it is back may be missing, and is told as a loss of each table`
