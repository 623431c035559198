/** A server-sent event. */
export interface ServerEvent {
  readonly name: string
  /** Where the stream goes on behind it; null: it stays where it was. */
  readonly id: string | null
  readonly data: string
}

/**
 * Reads a body of server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 * `heard` is called for whatever comes, comments that say that the stream lives among them.
 */
export async function* serverEvents(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<ServerEvent, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    heard()
    const blocks = (text + decoder.decode(value, { stream: true })).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      let [name, id, data]: [string, string | null, string] = ['', null, '']
      for (const line of block.split('\n')) {
        // With `s`: JSON has U+2028 and U+2029 as they are, which are no ends of lines here.
        const [, field, rest = ''] = /^(\w+): ?(.*)$/s.exec(line) ?? []
        if (field === 'event') name = rest
        else if (field === 'id') id = rest
        else if (field === 'data') data += rest
      }
      if (data !== '') yield { name, id, data }
    }
  }
}
