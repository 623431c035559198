import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Clock, systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { bindFailure } from '../sockets/port-owner.ts'
import { FeedSet, type SharedFeed } from '../streams/feed-set.ts'
import { problemText, problemType, RefusedRequest } from '../streams/refused-request.ts'
import { Admission, type AdmissionOptions } from './admission.ts'
import { BodyRoom } from './body-room.ts'
import type { AskCluster } from './cluster-answers.ts'
import { addClusterRoutes } from './cluster-routes.ts'
import { type GatewayLimits, gatewayLimits } from './gateway-limits.ts'
import { limitedServer, type TlsFiles } from './http-server.ts'
import { loadFastify } from './load-fastify.ts'
import { addProbeRoutes, openPaths } from './probe-routes.ts'
import { pathOf } from './request-query.ts'
import { addUpdateRoutes, linesTypes } from './update-routes.ts'

export interface GatewayOptions extends Omit<AdmissionOptions, 'isEncrypted'> {
  readonly queue: UpdateQueue
  readonly address: string
  readonly port: number
  readonly tls: TlsFiles | null
  readonly askCluster: AskCluster
  /** Something went wrong that no client has done. */
  readonly failed: (error: TidingsError) => void
  readonly clock?: Clock
  readonly limits?: GatewayLimits
}

/** What there is, for who asks for something else. */
const paths =
  'GET /updates, POST /updates, POST /updates/TABLE, GET /cluster, /healthz, /readyz, /metrics'

/** Publishes and tells updates by HTTP, for programs without the library. The queue is its caller's. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #limits: GatewayLimits
  readonly #admission: Admission
  readonly #feeds: FeedSet<SharedFeed>
  readonly #bodies: BodyRoom
  readonly #app: FastifyInstance
  #closed: Promise<void> | null = null

  private constructor(options: GatewayOptions, app: FastifyInstance) {
    const { queue, tls, clock = systemClock, limits = gatewayLimits } = options
    this.#options = options
    this.#limits = limits
    this.#admission = new Admission({ ...options, isEncrypted: tls !== null })
    this.#feeds = new FeedSet({ limits, clock })
    this.#bodies = new BodyRoom(limits)
    this.#app = app
    this.#addHooks()
    const doors = { app, queue, limits, clock, feeds: this.#feeds }
    addProbeRoutes(doors)
    addUpdateRoutes(doors)
    addClusterRoutes(doors, options.askCluster)
  }

  /**
   * Binds the port.
   * @throws TidingsError PACKAGE_MISSING, PORT_TAKEN, TRANSPORT_FAILED where it cannot be bound
   */
  static async open(options: GatewayOptions): Promise<Gateway> {
    const { address, port, tls, limits = gatewayLimits } = options
    const fastify = await loadFastify()
    const app = fastify({
      serverFactory: (listener) => limitedServer(limits, tls, listener),
      bodyLimit: limits.bodyBytes,
      exposeHeadRoutes: false,
      // Of a table's name; what is longer than any is not found.
      routerOptions: { maxParamLength: limits.headBytes },
      forceCloseConnections: 'idle',
    })
    const gateway = new Gateway(options, app)
    try {
      await app.listen({ host: address, port, exclusive: true })
    } catch (error) {
      await gateway.close()
      throw await bindFailure(error, {
        address,
        port,
        purpose: 'the gateway',
        remedy: ': end what has it, or give --port another one',
      })
    }
    return gateway
  }

  /** Readers are told that it ends, requests that are under way are answered, and the port is free. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#feeds.close()
    const { clock = systemClock } = this.#options
    const late = clock.after(this.#limits.confirmMs, () => this.#app.server.closeAllConnections())
    await this.#app.close()
    late.cancel()
  }

  #addHooks(): void {
    const app = this.#app
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      ['application/json', ...linesTypes],
      { parseAs: 'buffer' },
      (_request, body, done) => done(null, body),
    )
    app.addHook('onRequest', async ({ raw }, reply) => {
      this.#admission.checkCaller(raw.headers)
      const origin = this.#admission.allowedOrigin(raw.headers)
      if (origin !== null) reply.headers({ 'Access-Control-Allow-Origin': origin, Vary: 'Origin' })
      reply.headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
      if (raw.method === 'OPTIONS' && origin !== null) return preflight(reply)
      if (!openPaths.has(pathOf(raw.url))) this.#admission.checkToken(raw.headers)
      if (raw.method === 'POST') this.#bodies.take(raw, reply.raw)
      return undefined
    })
    app.setNotFoundHandler((_request, reply) =>
      sendProblem(reply, new RefusedRequest(404, `there is no such path; there are ${paths}`)),
    )
    app.setErrorHandler((error, _request, reply) => sendProblem(reply, this.#refusalOf(error)))
  }

  /** What Fastify refuses has a status; all else is ours, and is told to whoever runs it. */
  #refusalOf(error: unknown): RefusedRequest {
    if (error instanceof RefusedRequest) return error
    const { statusCode = 500, message } = error as Error & { readonly statusCode?: number }
    if (statusCode === 413)
      return new RefusedRequest(
        413,
        `a body has at most ${this.#limits.bodyBytes} bytes (bodyBytes)`,
      )
    if (statusCode === 415)
      return new RefusedRequest(
        415,
        'Content-Type has to be application/json, or application/x-ndjson for a commit a line',
      )
    if (statusCode < 500) return new RefusedRequest(statusCode, message)
    this.#options.failed(TidingsError.from(error))
    return new RefusedRequest(500, 'the log of the gateway says why')
  }
}

/** A page of another origin asks first whether it may. */
const preflight = (reply: FastifyReply): FastifyReply =>
  reply
    .headers({
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
      'Access-Control-Max-Age': '600',
    })
    .code(204)
    .send()

const sendProblem = (reply: FastifyReply, problem: RefusedRequest): FastifyReply =>
  reply
    .code(problem.status)
    .headers(problem.headers)
    .type(problemType)
    .send(problemText(problem.status, problem.message, problem.fields))
