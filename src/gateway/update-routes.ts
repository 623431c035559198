import type { FastifyReply, FastifyRequest } from 'fastify'
import { Feed } from './feed.ts'
import type { GatewayDoors } from './gateway-doors.ts'
import { Publishing } from './publishing.ts'
import { hasParameter, queryOf } from './request-query.ts'
import { streamAnswer } from './stream-answer.ts'
import { streamRequest } from './stream-request.ts'

export const linesTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl']

/** `GET /updates`, `POST /updates` and `POST /updates/TABLE`. */
export function addUpdateRoutes(doors: GatewayDoors): void {
  const { app, queue, limits, clock } = doors
  const publishing = new Publishing(queue, limits, clock)
  app.get('/updates', (request, reply) => stream(doors, request, reply))
  app.post('/updates', (request, reply) => publish(publishing, request, reply, undefined))
  app.post<{ Params: { table: string } }>('/updates/:table', (request, reply) =>
    publish(publishing, request, reply, request.params.table),
  )
}

function stream(
  { queue, limits, clock, feeds }: GatewayDoors,
  { raw }: FastifyRequest,
  reply: FastifyReply,
): void {
  const request = streamRequest(queryOf(raw.url), raw.headers)
  const open = (grown: () => void): Feed => new Feed({ queue, request, limits, clock, grown })
  const feed = feeds.feedFor(`updates ${request.key}`, open) as Feed
  feed.join(streamAnswer(reply, request.form), request.lastEventId)
}

async function publish(
  publishing: Publishing,
  { raw, body, headers }: FastifyRequest,
  reply: FastifyReply,
  table: string | undefined,
): Promise<FastifyReply> {
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  const key = headers['idempotency-key']
  const { status, text } = await publishing.answer({
    url: raw.url ?? '',
    table,
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    isOfLines: linesTypes.includes(type.trim().toLowerCase()),
    confirm: hasParameter(raw.url, 'confirm'),
    idempotencyKey: typeof key === 'string' ? key : undefined,
  })
  return reply.code(status).type('application/json').send(text)
}
