import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../base/clock.ts'
import { isThisHostName } from '../base/this-host-name.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { isLoopbackAddress } from '../definition/machine.ts'
import type { PortAt } from '../definition/settings.ts'
import { bindFailure } from '../sockets/port-owner.ts'
import { probeLimits } from './probe-limits.ts'

/** What is answered to one path. */
export interface ProbeAnswer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

interface ProbeServerOptions {
  readonly at: PortAt
  readonly clock: Clock
  /** null: there is nothing at this path. */
  readonly answer: (path: string) => ProbeAnswer | null
  /** Something that was asked for could not be answered. */
  readonly failed: (error: TidingsError) => void
}

/**
 * Answers `GET` and `HEAD` of a few paths by HTTP, one request a connection. Who sends slowly, reads slowly or does neither is
 * put out after a time, and the oldest connection where there are many.
 */
export class ProbeServer {
  readonly #options: ProbeServerOptions
  readonly #server: Server
  /** When each is put out at the latest; the oldest first. */
  readonly #connections = new Map<Socket, Timer>()
  readonly #closed = Promise.withResolvers<void>()

  private constructor(options: ProbeServerOptions) {
    this.#options = options
    const { requestBytes } = probeLimits
    this.#server = createServer({ maxHeaderSize: requestBytes, keepAlive: false })
    this.#server.on('connection', (socket) => this.#connected(socket))
    this.#server.on('request', (request, response) => this.#requested(request, response))
    this.#server.on('close', () => this.#closed.resolve())
  }

  /** @throws TidingsError PORT_TAKEN, TRANSPORT_FAILED where the address is not of this host or the port is not allowed */
  static async open(options: ProbeServerOptions): Promise<ProbeServer> {
    const { address, port } = options.at
    const opened = new ProbeServer(options)
    const server = opened.#server
    const bound = Promise.withResolvers<void>()
    server.once('error', bound.reject)
    server.listen({ host: address, port, exclusive: true }, bound.resolve)
    try {
      await bound.promise
    } catch (error) {
      throw await bindFailure(error, {
        address,
        port,
        purpose: 'TidingsHttpPort of GENESIS_CLUSTER',
        remedy:
          ': end what has it, perhaps another `tidings cluster`, or give TidingsHttpPort another port or address',
      })
    }
    server.on('error', (error) => options.failed(TidingsError.from(error)))
    return opened
  }

  /** Idempotent; resolves when the port is free and no connection is left. */
  async close(): Promise<void> {
    this.#server.close()
    for (const socket of this.#connections.keys()) this.#putOut(socket)
    await this.#closed.promise
  }

  #connected(socket: Socket): void {
    const [oldest] = this.#connections.keys()
    if (oldest && this.#connections.size >= probeLimits.connections) this.#putOut(oldest)
    const late = this.#options.clock.after(probeLimits.connectionMs, () => this.#putOut(socket))
    this.#connections.set(socket, late)
    socket.once('close', () => this.#putOut(socket))
  }

  #putOut(socket: Socket): void {
    this.#connections.get(socket)?.cancel()
    this.#connections.delete(socket)
    socket.destroy()
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    const { status, contentType, text } = this.#answered(request)
    response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      Connection: 'close',
      ...(status === 405 && { Allow: 'GET, HEAD' }),
    })
    response.end(text)
  }

  #answered({ method, url = '', headers }: IncomingMessage): ProbeAnswer {
    if (method !== 'GET' && method !== 'HEAD')
      return refusal(405, 'GET and HEAD alone are answered')
    if (isLoopbackAddress(this.#options.at.address) && !isThisHostName(headers.host))
      return refusal(
        421,
        'Host has to be an address or localhost, since this port is for this host alone',
      )
    try {
      const answer = this.#options.answer(url.split('?', 1)[0] ?? '')
      return answer ?? refusal(404, 'there are /healthz, /readyz and /metrics')
    } catch (error) {
      // One that is thrown here would end GENESIS_CLUSTER.
      this.#options.failed(TidingsError.from(error))
      return refusal(500, 'the log of GENESIS_CLUSTER says why')
    }
  }
}

const refusal = (status: number, text: string): ProbeAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  text: `${text}\n`,
})
