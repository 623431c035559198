import type { FastifyReply, FastifyRequest } from 'fastify'
import { TidingsError } from '../base/tidings-error.ts'
import { toJson } from '../lines/json-output.ts'
import { RefusedRequest } from '../streams/refused-request.ts'
import { type AskCluster, ClusterAnswers } from './cluster-answers.ts'
import { ClusterFeed } from './cluster-feed.ts'
import type { GatewayDoors } from './gateway-doors.ts'
import { hasParameter } from './request-query.ts'
import { streamAnswer } from './stream-answer.ts'
import { formOf } from './stream-request.ts'

/** `GET /cluster`: what `tidings mon --json` says; with `watch` a stream of it. */
export function addClusterRoutes(doors: GatewayDoors, ask: AskCluster): void {
  const { app, clock, limits } = doors
  const answers = new ClusterAnswers(ask, limits.clusterMs, clock)
  app.get('/cluster', async (request, reply) => {
    if (hasParameter(request.raw.url, 'watch')) return watch(doors, answers, request, reply)
    return reply.type('application/json').send(`${toJson(await answerOf(answers))}\n`)
  })
}

/** @throws RefusedRequest 503 */
async function answerOf(answers: ClusterAnswers): Promise<object> {
  try {
    return await answers.latest()
  } catch (error) {
    const { code, text } = TidingsError.from(error)
    throw new RefusedRequest(503, text, { code }, { 'Retry-After': '1' })
  }
}

function watch(
  { clock, limits, feeds }: GatewayDoors,
  answers: ClusterAnswers,
  { raw }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const form = formOf(raw.headers)
  const everyMs = limits.clusterMs
  const open = (grown: () => void): ClusterFeed =>
    new ClusterFeed({ form, limits, clock, grown, answers, everyMs })
  const feed = feeds.feedFor(`cluster ${form}`, open) as ClusterFeed
  feed.join(streamAnswer(reply, form))
  return reply
}
