import { problemText, problemType, RefusedRequest } from '../streams/refused-request.ts'
import { checkStreamOptions, type LiveStreamOptions } from './live-stream-options.ts'
import { LiveStreams, streamHeaders } from './live-streams.ts'
import { ReadableSink } from './readable-sink.ts'

/** Answers requests for live tables, as a route of Next.js, Hono, SvelteKit and others does. */
export interface LiveResponder {
  (request: Request): Promise<Response>
  /** Ends the streams: each page is told, and comes again. */
  close(): Promise<void>
}

/**
 * Makes a handler that answers each request `?table=TRADE` with a stream of server-sent events: the rows of that live table, and then
 * what changes in them. Call it once, not for each request: all streams share what it keeps.
 * @throws TidingsError USAGE with the option that is wrong
 */
export function liveResponse(options: LiveStreamOptions<Request>): LiveResponder {
  checkStreamOptions('liveResponse()', options)
  return responderOf(new LiveStreams(options))
}

export function responderOf(streams: LiveStreams<Request>): LiveResponder {
  const respond = async (request: Request): Promise<Response> => {
    try {
      const { method, url, headers, signal } = request
      const query = new URL(url).searchParams
      const lastEventId = headers.get('last-event-id')
      const begin = await streams.admit({ method, query, lastEventId }, request)
      const sink = new ReadableSink()
      signal.addEventListener('abort', () => sink.destroy(), { once: true })
      if (signal.aborted) sink.destroy()
      else begin(() => sink)
      return new Response(sink.body, { headers: streamHeaders })
    } catch (error) {
      const { status, message, fields, headers } = RefusedRequest.from(error)
      const body = problemText(status, message, fields)
      return new Response(body, { status, headers: { ...headers, 'Content-Type': problemType } })
    }
  }
  return Object.assign(respond, { close: () => streams.close() })
}
