import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { allForeignTopic } from '../model/topic.ts'
import { socketLimits } from '../transport/zeromq/socket-options.ts'
import { greeting, readyCommand, subscribeMessage, unsubscribeMessage, ZmtpReader } from './zmtp.ts'

const loopback = '127.0.0.1'

/** Connections at once: one is the bus, two while it is made anew; the rest are strangers. */
const maxConnections = 16

export interface ForeignPortHandlers {
  message(frames: readonly Buffer[]): void
  /** The bus has connected and has been told what is wanted. */
  subscribed(): void
}

/**
 * Where the inbound proxy hands over what foreign programs publish: a subscriber of `update/` that it
 * connects to, on loopback, beside outbound and export. What is ours is published under other topics,
 * so none of it comes here.
 */
export class ForeignPort {
  readonly #server: Server
  readonly #handlers: ForeignPortHandlers
  readonly #connections = new Set<Socket>()

  private constructor(handlers: ForeignPortHandlers) {
    this.#handlers = handlers
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = maxConnections
  }

  static async open(handlers: ForeignPortHandlers): Promise<ForeignPort> {
    const port = new ForeignPort(handlers)
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
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#connections) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket)
    const reader = new ZmtpReader(socketLimits.maxInboundBytes, {
      ready: () => {
        socket.write(subscribeMessage(allForeignTopic))
        this.#handlers.subscribed()
      },
      message: (frames) => this.#handlers.message(frames),
    })
    socket.on('data', (piece: Buffer) => {
      if (!reader.take(piece)) socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => this.#connections.delete(socket))
    socket.write(Buffer.concat([greeting(), readyCommand()]))
  }
}
