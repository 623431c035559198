import type { FastifyReply } from 'fastify'
import { type FrameSink, responseSink } from '../streams/frame-sink.ts'
import { contentTypes, type StreamForm } from '../streams/stream-frame.ts'

/** Writes the head of a stream, and gives what its frames go to. */
export function streamAnswer(reply: FastifyReply, form: StreamForm): FrameSink {
  reply.hijack()
  const response = reply.raw
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'Content-Type': contentTypes[form],
    Connection: 'close',
    // Proxies that gather what they pass on would hold events back.
    'X-Accel-Buffering': 'no',
  })
  response.flushHeaders()
  return responseSink(response)
}
