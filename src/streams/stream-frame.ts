/** How events are written: as server-sent events, or one JSON object a line. */
export type StreamForm = 'sse' | 'ndjson'

/** One event of a stream, before it is written. */
export interface StreamEvent {
  readonly name: string
  /** JSON, which has no line break. */
  readonly data: string
}

export const contentTypes: Readonly<Record<StreamForm, string>> = {
  sse: 'text/event-stream; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
}

/**
 * An event as it is written. Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 * @param id where a reader goes on behind it; null: it stays where it was
 */
export function streamFrame(form: StreamForm, id: string | null, event: StreamEvent): Buffer {
  const { name, data } = event
  if (form === 'ndjson')
    return Buffer.from(`{"event":"${name}",${id === null ? '' : `"id":"${id}",`}"data":${data}}\n`)
  return Buffer.from(`event: ${name}\n${id === null ? '' : `id: ${id}\n`}data: ${data}\n\n`)
}

/** Says that the stream lives. A comment is no event; a line has to be an object. */
export const aliveFrames: Readonly<Record<StreamForm, Buffer>> = {
  sse: Buffer.from(': alive\n\n'),
  ndjson: Buffer.from('{"event":"alive"}\n'),
}
