import { expect, it } from 'vitest'
import { openLiveStage } from '../../test/harness/open-pages.ts'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { liveResponse, responderOf } from './live-response.ts'
import { LiveStreams } from './live-streams.ts'
import { webLimits } from './web-limits.ts'

const request = (query = '?table=ACCOUNT', init: RequestInit = {}): Request =>
  new Request(`https://app.example.org/live${query}`, init)

/** Reads a body until it has this text. */
async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  text: string,
): Promise<string> {
  const decoder = new TextDecoder()
  let read = ''
  while (!read.includes(text)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`the body has ended: ${read}`)
    read += decoder.decode(value, { stream: true })
  }
  return read
}

it('a Request is answered with a Response whose body has the rows, and then each step', async () => {
  const { tables, put } = await openLiveStage()
  await put({ a: 1 })
  const live = liveResponse({ tables, authorize: ({ url }) => url.startsWith('https://app.') })
  const response = await live(request())
  expect(Object.fromEntries(response.headers)).toEqual({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const begun = await readUntil(reader, 'event: ready')
  expect(begun).toContain('"AMOUNT":1')
  await put({ a: 2 })
  expect(await readUntil(reader, 'event: changes')).toContain('"AMOUNT":2')
  await live.close()
  expect(await readUntil(reader, 'event: closed')).toContain('{"reason":"ending"}')
  expect(await reader.read()).toEqual({ value: undefined, done: true })
})

it('a body that nobody reads ends with an error when its last word has waited for long enough', async () => {
  const { tables, put } = await openLiveStage()
  await put({ a: 1 })
  const clock = new ManualClock()
  const streams = new LiveStreams<Request>({ tables, authorize: () => true }, webLimits, clock)
  const { body } = await responderOf(streams)(request())
  await streams.close()
  clock.moveBy(webLimits.lastWordMs)
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  await expect(reader.read()).rejects.toThrow('the stream was ended')
})

it('V2: of a body that nobody reads only so much is written down', async () => {
  const { tables, put } = await openLiveStage()
  const rows = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`a${n}`, n]))
  await put(rows, 'x'.repeat(1024))
  let written = 0
  const map = (row: { ID: string }): object => {
    written += 1
    return row
  }
  const live = liveResponse({ tables, authorize: () => true, map })
  const response = await live(request())
  expect(written).toBeGreaterThan(0)
  expect(written).toBeLessThan(200)
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await readUntil(reader, 'event: ready')
  expect(written).toBe(500)
  await live.close()
})

it.each(['its body is cancelled', 'its request is aborted'])(
  'nothing is left of a stream when %s',
  async (how) => {
    const { tables } = await openLiveStage()
    const streams = new LiveStreams<Request>({ tables, authorize: () => true })
    const live = responderOf(streams)
    const abort = new AbortController()
    const { body } = await live(request(undefined, { signal: abort.signal }))
    expect(streams.readers).toBe(1)
    if (how === 'its body is cancelled') await body?.cancel()
    else abort.abort()
    expect(streams.readers).toBe(0)
    await live.close()
  },
)

it('what is refused is answered with a problem', async () => {
  const { tables } = await openLiveStage()
  const live = liveResponse({ tables, authorize: () => false })
  const answers = await Promise.all(
    [request(), request('?table=B'), request('?table=ACCOUNT', { method: 'POST' })].map(live),
  )
  expect(answers.map(({ status }) => status)).toEqual([403, 404, 405])
  expect(answers[2]?.headers.get('allow')).toBe('GET')
  expect(answers[0]?.headers.get('content-type')).toBe('application/problem+json')
})
