import type { FastifyReply } from 'fastify'
import { metricsText } from '../metrics/metrics-text.ts'
import { metricsContentType } from '../metrics/prometheus-text.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import type { GatewayDoors } from './gateway-doors.ts'

/** What anybody may ask, so that a probe needs no token. */
export const openPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** `/healthz`, `/readyz` and `/metrics`. */
export function addProbeRoutes({ app, queue }: GatewayDoors): void {
  const probe = { method: ['GET', 'HEAD'] }
  app.route({ ...probe, url: '/healthz', handler: (_, reply) => sendState(queue, reply, 200) })
  app.route({
    ...probe,
    url: '/readyz',
    handler: (_, reply) => sendState(queue, reply, isReady(queue) ? 200 : 503),
  })
  app.get('/metrics', (_request, reply) => reply.type(metricsContentType).send(metricsText(queue)))
}

const isReady = (queue: UpdateQueue): boolean => queue.health().cluster === 'connected'

function sendState(queue: UpdateQueue, reply: FastifyReply, status: number): FastifyReply {
  const { node } = queue.identity
  const state = isReady(queue) ? 'ready' : 'without GENESIS_CLUSTER'
  return reply
    .code(status)
    .type('application/json')
    .send(`${JSON.stringify({ node, state })}\n`)
}
