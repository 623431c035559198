import type { IncomingMessage, ServerResponse } from 'node:http'
import { inBackground } from '../base/background.ts'
import { responseSink } from '../streams/frame-sink.ts'
import { problemText, problemType, RefusedRequest } from '../streams/refused-request.ts'
import { checkStreamOptions, type LiveStreamOptions } from './live-stream-options.ts'
import { LiveStreams, streamHeaders } from './live-streams.ts'

/** Answers requests for live tables, as a handler of Node's `http`, of Express and, with raw request and response, of Fastify does. */
export interface LiveHandler<Caller extends IncomingMessage = IncomingMessage> {
  (request: Caller, response: ServerResponse): void
  /** Ends the streams, so that the server can close: each page is told, and comes again. */
  close(): Promise<void>
}

/**
 * The same as `liveResponse()` for `(request, response)` of Node. Call it once, not for each request: all streams share what it keeps.
 * @throws TidingsError USAGE with the option that is wrong
 */
export function liveHandler<Caller extends IncomingMessage = IncomingMessage>(
  options: LiveStreamOptions<Caller>,
): LiveHandler<Caller> {
  checkStreamOptions('liveHandler()', options)
  return handlerOf(new LiveStreams(options))
}

export function handlerOf<Caller extends IncomingMessage>(
  streams: LiveStreams<Caller>,
): LiveHandler<Caller> {
  const handle = (request: Caller, response: ServerResponse): void =>
    inBackground(answer(streams, request, response), () => response.destroy())
  return Object.assign(handle, { close: () => streams.close() })
}

async function answer<Caller extends IncomingMessage>(
  streams: LiveStreams<Caller>,
  request: Caller,
  response: ServerResponse,
): Promise<void> {
  try {
    const { method = '', url = '', headers } = request
    const query = new URLSearchParams(url.split('?').slice(1).join('?'))
    const lastEventId = headers['last-event-id']
    const asked = {
      method,
      query,
      lastEventId: typeof lastEventId === 'string' ? lastEventId : null,
    }
    const begin = await streams.admit(asked, request)
    if (response.destroyed) return
    begin(() => {
      response.writeHead(200, streamHeaders)
      response.flushHeaders()
      return responseSink(response)
    })
  } catch (error) {
    const { status, message, fields, headers } = RefusedRequest.from(error)
    response.writeHead(status, { ...headers, 'Content-Type': problemType })
    response.end(problemText(status, message, fields))
  }
}
