// What a client may take: sizes, numbers, time.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { openGateway } from '../../test/harness/open-gateway.ts'
import { gatewayLimits } from './gateway-limits.ts'
import { KeptAnswers } from './kept-answers.ts'
import { RefusedRequest } from '../streams/refused-request.ts'

const insert = (id: string, text = '') =>
  ({ table: 'TRADE', kind: 'insert', record: { id, text } }) as const
const good = '{"kind":"insert","record":{"id":1}}'

function client(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  return socket
}

/** Begins a stream, and reads nothing of it. */
async function stoppedReader(port: number, path = '/updates'): Promise<Socket> {
  const socket = client(port)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  await once(socket, 'readable')
  return socket
}

describe('a request', () => {
  it.each([
    [
      'whose head is too large',
      `GET /healthz?${'x'.repeat(gatewayLimits.headBytes)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      431,
    ],
    ['that is no HTTP', 'HELLO\r\n\r\n', 400],
  ])('%s is refused', async (_, bytes, status) => {
    const { port } = await openGateway()
    const socket = client(port)
    socket.write(bytes)
    expect(await textOf(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  it('with a body that is too large is refused, also where it does not say so', async () => {
    const { url, post, queue } = await openGateway({ limits: { bodyBytes: 1_000 } })
    const body = JSON.stringify({ kind: 'insert', record: { text: 'x'.repeat(1_000) } })
    const told = { status: 413, told: { detail: 'a body has at most 1000 bytes (bodyBytes)' } }
    expect(await post('/updates/TRADE', body)).toMatchObject(told)
    const chunked = await fetch(`${url}/updates/TRADE`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: new Blob([body]).stream(),
      duplex: 'half',
    })
    expect(chunked.status).toBe(413)
    expect(queue.stats().published.commits).toBe(0)
  })

  it('whose body would be one too many in memory is refused, and is taken once another one has gone', async () => {
    const { port, post } = await openGateway({ limits: { bodyBytes: 100, bodiesBytes: 150 } })
    const slow = client(port)
    slow.write(
      'POST /updates/TRADE HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    const filler = good.padEnd(90)
    await eventually(
      'the first has its room',
      async () => (await post('/updates/TRADE', filler)).status === 503,
    )
    slow.destroy()
    await eventually(
      'it has gone',
      async () => (await post('/updates/TRADE', filler)).status === 202,
    )
  })

  it.each([
    ['says nothing', ''],
    ['never ends its head', 'GET /healthz HTTP/1.1\r\nHost: local'],
    [
      'never ends its body',
      `POST /updates/T HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ],
  ])('of who %s is put out in time', async (_, bytes) => {
    const { port, ask } = await openGateway({ limits: { headMs: 300, requestMs: 300 } })
    const socket = client(port)
    const closed = once(socket, 'close')
    if (bytes !== '') socket.write(bytes)
    socket.resume()
    await closed
    expect((await ask('/healthz')).status).toBe(200)
  })
})

describe('a reader', () => {
  it('G2: that stops is closed, and the others do not notice', async () => {
    const limits = { feedKeptBytes: 1024 * 1024 }
    const clock = new ManualClock()
    const { port, read, publisher, queue } = await openGateway({ clock, limits })
    const other = await read('/updates')
    const socket = await stoppedReader(port)
    expect(queue.stats().subscriptions).toBe(1)
    const text = 'x'.repeat(256 * 1024)
    const closed = once(socket, 'close')
    // What the system holds for a connection has to be full first.
    for (let n = 1; n <= 80; n++) {
      publisher.publish(insert(String(n), text))
      await eventually('the other has it', () => other.length > n * text.length)
    }
    clock.moveBy(gatewayLimits.burstMs + 1)
    publisher.publish(insert('81'))
    await eventually('the other has it', () => other.text.includes('"81"'))
    let heard = ''
    socket.setEncoding('utf8').on('data', (part: string) => (heard += part))
    await closed
    expect(heard).toMatch(
      /event: closed\r?\nid: [\da-f]{32}\.\d+\r?\ndata: \{"reason":"too-slow"\}\n\n/,
    )
    publisher.publish(insert('last'))
    await eventually('the other goes on', () => other.text.includes('"last"'))
    expect(other.named('commit')).toHaveLength(82)
  })

  it('that takes nothing for long is closed, however little waits, and put out if it does not read its last word', async () => {
    const clock = new ManualClock()
    const { port, read, publisher, gateway } = await openGateway({
      clock,
      limits: { feedKeptBytes: 64 * 1024 * 1024 },
    })
    const other = await read('/updates')
    const socket = await stoppedReader(port)
    const text = 'x'.repeat(256 * 1024)
    for (let n = 1; n <= 80; n++) {
      publisher.publish(insert(String(n), text))
      await eventually('the other has it', () => other.length > n * text.length)
    }
    clock.moveBy(gatewayLimits.aliveMs)
    await eventually('the other is told that it lives', () => other.text.endsWith(': alive\n\n'))
    clock.moveBy(gatewayLimits.stalledMs)
    clock.moveBy(gatewayLimits.lastWordMs)
    const closed = once(socket, 'close')
    socket.resume()
    await closed
    expect(other.hasEnded).toBe(false)
    await gateway.close()
  })

  it('G2: that keeps up gets all of a burst, however little is kept', async () => {
    const { read, publisher } = await openGateway({ limits: { feedKeptBytes: 10_000 } })
    const stream = await read('/updates')
    for (let n = 1; n <= 300; n++) publisher.publish(insert(String(n), 'x'.repeat(1_000)))
    await stream.until('commit', 300)
    expect(stream.named('closed')).toEqual([])
  })

  it('beyond so many is answered 503, and finds room when another leaves', async () => {
    const { ask, open, read } = await openGateway({ limits: { streams: 1 } })
    const stream = await read('/updates')
    const refused = await ask('/updates')
    expect(refused.status).toBe(503)
    expect(refused.text).toContain('(streams)')
    expect(refused.headers.get('retry-after')).toBe('1')
    stream.leave()
    await eventually('there is room', async () => {
      const { response } = await open('/updates')
      return response.statusCode === 200
    })
  })
})

describe('feeds', () => {
  it('beyond so many are refused while each has readers; then the one that is idle gives way', async () => {
    const { ask, open, read, queue } = await openGateway({ limits: { feeds: 1 } })
    const stream = await read('/updates?tables=A')
    const refused = await ask('/updates?tables=B')
    expect(refused.status).toBe(503)
    expect(refused.text).toContain('(feeds)')
    stream.leave()
    await eventually('there is room', async () => {
      const { response } = await open('/updates?tables=B')
      return response.statusCode === 200
    })
    expect(queue.stats().subscriptions).toBe(1)
  })

  it('are kept for a while behind their last reader', async () => {
    const clock = new ManualClock()
    const { read, queue } = await openGateway({ clock })
    const first = await read('/updates?tables=A')
    const [ready] = first.named('ready')
    first.leave()
    clock.moveBy(gatewayLimits.feedIdleMs - 1)
    const again = await read('/updates?tables=A', { 'Last-Event-ID': ready?.id ?? '' })
    expect(again.named('loss')).toEqual([])
    again.leave()
    await eventually('it is closed', () => {
      clock.moveBy(gatewayLimits.feedIdleMs)
      return queue.stats().subscriptions === 0
    })
    const late = await read('/updates?tables=A', { 'Last-Event-ID': ready?.id ?? '' })
    expect(late.named('loss')[0]?.data.reason).toBe('not-kept')
  })

  it('G2: keep so much in all: the one that keeps most gives way, and the others go on where they stopped', async () => {
    const { read, publisher } = await openGateway({ limits: { keptBytes: 20_000 } })
    const quiet = await read('/updates?tables=QUIET')
    const busy = await read('/updates?tables=TRADE')
    const [quietReady, busyReady] = [quiet, busy].map(
      (stream) => stream.named('ready')[0]?.id ?? '',
    )
    publisher.publish({ table: 'QUIET', kind: 'insert', record: { id: 1 } })
    await quiet.until('commit')
    for (let n = 1; n <= 100; n++) {
      publisher.publish(insert(String(n), 'x'.repeat(1_000)))
      await busy.until('commit', n)
    }
    const again = await read('/updates?tables=QUIET', { 'Last-Event-ID': quietReady ?? '' })
    await again.until('commit')
    expect(again.named('loss')).toEqual([])
    const other = await read('/updates?tables=TRADE', { 'Last-Event-ID': busyReady ?? '' })
    expect(other.named('loss')[0]?.data.reason).toBe('not-kept')
  })
})

describe('answers that are kept', () => {
  const answer = (text: string) => () => Promise.resolve({ status: 202, text })

  it('are so many, the newest, for so long', async () => {
    const clock = new ManualClock()
    const answers = new KeptAnswers({ ...gatewayLimits, keptAnswers: 2, answerKeptMs: 100 }, clock)
    await answers.of('a', 'd', answer('1'))
    await answers.of('b', 'd', answer('2'))
    expect(await answers.of('a', 'd', answer('-'))).toMatchObject({ text: '1' })
    await answers.of('c', 'd', answer('3'))
    expect(await answers.of('b', 'd', answer('-'))).toMatchObject({ text: '2' })
    expect(await answers.of('a', 'd', answer('new'))).toMatchObject({ text: 'new' })
    clock.moveBy(101)
    expect(await answers.of('a', 'd', answer('4'))).toMatchObject({ text: '4' })
  })

  it('of what was published in part are kept as they were, errors too', async () => {
    const answers = new KeptAnswers(gatewayLimits, new ManualClock())
    const failing = () => Promise.reject(new RefusedRequest(400, 'line 2', { published: 1 }))
    await expect(answers.of('a', 'd', failing)).rejects.toThrow('line 2')
    await expect(answers.of('a', 'd', answer('1'))).rejects.toThrow('line 2')
  })
})
