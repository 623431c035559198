import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Clock, systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { metricsText } from '../metrics/metrics-text.ts'
import { metricsContentType } from '../metrics/prometheus-text.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { bindFailure } from '../sockets/port-owner.ts'
import { FeedSet } from '../streams/feed-set.ts'
import { problemText, problemType, RefusedRequest } from '../streams/refused-request.ts'
import { contentTypes } from '../streams/stream-frame.ts'
import { Admission, type AdmissionOptions } from './admission.ts'
import { BodyRoom } from './body-room.ts'
import { Feed } from './feed.ts'
import { type GatewayLimits, gatewayLimits } from './gateway-limits.ts'
import { limitedServer, type TlsFiles } from './http-server.ts'
import { loadFastify } from './load-fastify.ts'
import { Publishing } from './publishing.ts'
import { streamRequest } from './stream-request.ts'

export interface GatewayOptions extends Omit<AdmissionOptions, 'isEncrypted'> {
  readonly queue: UpdateQueue
  readonly address: string
  readonly port: number
  readonly tls: TlsFiles | null
  /** Something went wrong that no client has done. */
  readonly failed: (error: TidingsError) => void
  readonly clock?: Clock
  readonly limits?: GatewayLimits
}

/** What anybody may ask, so that a probe needs no token. */
const openPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

const linesTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl']

/** What there is, for who asks for something else. */
const paths = 'GET /updates, POST /updates, POST /updates/TABLE, GET /healthz, /readyz, /metrics'

/** Publishes and tells updates by HTTP, for programs without the library. The queue is its caller's. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #limits: GatewayLimits
  readonly #admission: Admission
  readonly #feeds: FeedSet<Feed>
  readonly #publishing: Publishing
  readonly #bodies: BodyRoom
  readonly #app: FastifyInstance
  #closed: Promise<void> | null = null

  private constructor(options: GatewayOptions, app: FastifyInstance) {
    const { queue, tls, clock = systemClock, limits = gatewayLimits } = options
    this.#options = options
    this.#limits = limits
    this.#admission = new Admission({ ...options, isEncrypted: tls !== null })
    this.#feeds = new FeedSet({ limits, clock })
    this.#publishing = new Publishing(queue, limits, clock)
    this.#bodies = new BodyRoom(limits)
    this.#app = app
    this.#addHooks()
    this.#addRoutes()
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

  #addRoutes(): void {
    const app = this.#app
    const probe = { method: ['GET', 'HEAD'] }
    app.route({ ...probe, url: '/healthz', handler: (_, reply) => this.#state(reply, 200) })
    app.route({
      ...probe,
      url: '/readyz',
      handler: (_, reply) => this.#state(reply, this.#isReady ? 200 : 503),
    })
    app.get('/metrics', (_request, reply) =>
      reply.type(metricsContentType).send(metricsText(this.#options.queue)),
    )
    app.get('/updates', (request, reply) => this.#stream(request, reply))
    app.post('/updates', (request, reply) => this.#publish(request, reply, undefined))
    app.post<{ Params: { table: string } }>('/updates/:table', (request, reply) =>
      this.#publish(request, reply, request.params.table),
    )
  }

  get #isReady(): boolean {
    return this.#options.queue.health().cluster === 'connected'
  }

  #state(reply: FastifyReply, status: number): FastifyReply {
    const { node } = this.#options.queue.identity
    const state = this.#isReady ? 'ready' : 'without GENESIS_CLUSTER'
    return reply
      .code(status)
      .type('application/json')
      .send(`${JSON.stringify({ node, state })}\n`)
  }

  #stream({ raw }: FastifyRequest, reply: FastifyReply): void {
    const request = streamRequest(queryOf(raw.url), raw.headers)
    const { queue, clock = systemClock } = this.#options
    const feed = this.#feeds.feedFor(
      request.key,
      (grown) => new Feed({ queue, request, limits: this.#limits, clock, grown }),
    )
    reply.hijack()
    const response = reply.raw
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'Content-Type': contentTypes[request.form],
      Connection: 'close',
      // Proxies that gather what they pass on would hold events back.
      'X-Accel-Buffering': 'no',
    })
    response.flushHeaders()
    feed.join(response, request.lastEventId)
  }

  async #publish(
    { raw, body, headers }: FastifyRequest,
    reply: FastifyReply,
    table: string | undefined,
  ): Promise<FastifyReply> {
    const [type = ''] = (headers['content-type'] ?? '').split(';')
    const key = headers['idempotency-key']
    const { status, text } = await this.#publishing.answer({
      url: raw.url ?? '',
      table,
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      isOfLines: linesTypes.includes(type.trim().toLowerCase()),
      confirm: isConfirmed(queryOf(raw.url)),
      idempotencyKey: typeof key === 'string' ? key : undefined,
    })
    return reply.code(status).type('application/json').send(text)
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

const pathOf = (url = ''): string => url.split('?', 1)[0] ?? ''

const queryOf = (url = ''): URLSearchParams => new URLSearchParams(url.slice(pathOf(url).length))

/** @throws RefusedRequest 400 */
function isConfirmed(query: URLSearchParams): boolean {
  const others = [...query.keys()].filter((name) => name !== 'confirm')
  if (others.length > 0)
    throw new RefusedRequest(400, `there is no parameter "${others[0]}"; there is confirm`)
  return query.has('confirm')
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
