import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { EventStream, type ReadEvent } from '../../test/harness/event-stream.ts'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { openLiveStage, serve } from '../../test/harness/open-pages.ts'
import { liveTable } from '../live/open-live.ts'
import { handlerOf, liveHandler } from './live-handler.ts'
import type { LiveStreamOptions } from './live-stream-options.ts'
import { LiveStreams } from './live-streams.ts'
import { type WebLimits, webLimits } from './web-limits.ts'

type Options = Partial<LiveStreamOptions<IncomingMessage>>

/** Live tables of accounts that change, and a server that gives them to pages. */
async function stage(options: Options = {}, limits: Partial<WebLimits> = {}) {
  const live = await openLiveStage()
  const clock = new ManualClock()
  const failures: string[] = []
  const streams = new LiveStreams<IncomingMessage>(
    {
      tables: live.tables,
      authorize: () => true,
      onError: ({ message }) => failures.push(message),
      ...options,
    },
    { ...webLimits, ...limits },
    clock,
  )
  const url = await serve(handlerOf(streams))
  const open = (query = 'table=ACCOUNT', headers: Record<string, string> = {}) =>
    EventStream.open(`${url}/live?${query}`, headers)
  /** One that is in step. */
  const read = async (query?: string, headers?: Record<string, string>): Promise<EventStream> => {
    const stream = await open(query, headers)
    await stream.until('ready')
    return stream
  }
  return { ...live, streams, clock, failures, url, open, read }
}

const account = (ID: string, AMOUNT: number, OWNER = 'A') => ({ ID, OWNER, AMOUNT })
const told = (events: readonly ReadEvent[]) => events.map(({ event, data }) => [event, data])

describe('a stream', () => {
  it('has the rows, and then each step', async () => {
    const { put, remove, read } = await stage()
    await put({ a: 1, b: 2 })
    const stream = await read()
    await put({ a: 3 })
    await remove('b')
    await stream.until('changes', 2)
    expect(told(stream.events)).toEqual([
      ['begin', { whole: true, key: 'ID' }],
      ['rows', { rows: [account('a', 1), account('b', 2)], gone: [] }],
      ['ready', { state: 'live' }],
      ['changes', { rows: [account('a', 3)], gone: [], state: 'live' }],
      ['changes', { rows: [], gone: ['b'], state: 'live' }],
    ])
  })

  it.each(['after', 'Last-Event-ID', 'both'])('V1: goes on where it stopped (%s)', async (way) => {
    const { put, read } = await stage()
    await put({ a: 1 })
    const first = await read()
    await put({ a: 2 })
    const [step] = await first.until('changes')
    first.leave()
    await put({ a: 3 })
    const id = step?.id ?? ''
    // A browser comes again to the address of the beginning.
    const begun = `table=ACCOUNT&after=${way === 'after' ? id : `${id.split('.')[0]}.0`}`
    const again = await (way === 'after'
      ? read(begun)
      : read(way === 'both' ? begun : undefined, { 'Last-Event-ID': id }))
    expect(told(again.events)).toEqual([
      ['changes', { rows: [account('a', 3)], gone: [], state: 'live' }],
      ['ready', { state: 'live' }],
    ])
  })

  it('V1: begins anew behind an event that nobody knows', async () => {
    const { put, read } = await stage()
    await put({ a: 1 })
    const stream = await read(`table=ACCOUNT&after=${'0'.repeat(32)}.7`)
    expect(stream.events[0]).toMatchObject({ event: 'begin', data: { whole: true } })
  })

  it('V2: gets each changed row once, as it is now, where what it lacks is not kept', async () => {
    const { put, remove, read } = await stage({}, { stepRows: 1 })
    await put({ a: 1, b: 1, c: 1 })
    const first = await read()
    const [{ id = '' } = {}] = await first.until('ready')
    first.leave()
    await put({ a: 2 })
    await put({ a: 3, b: 3 })
    await remove('c')
    const again = await read(`table=ACCOUNT&after=${id}`)
    expect(told(again.events)).toEqual([
      ['begin', { whole: false, key: 'ID' }],
      ['rows', { rows: [account('a', 3), account('b', 3)], gone: ['c'] }],
      ['ready', { state: 'live' }],
    ])
  })

  it('V2: gets the rows anew where nobody knows any more which have changed', async () => {
    const { put, read } = await stage({}, { stepRows: 1, rememberedKeys: 2 })
    const first = await read()
    const [{ id = '' } = {}] = await first.until('ready')
    first.leave()
    await put({ a: 1, b: 1, c: 1 })
    const again = await read(`table=ACCOUNT&after=${id}`)
    expect(again.events[0]).toMatchObject({ event: 'begin', data: { whole: true } })
    expect(again.events[1]?.data['rows']).toHaveLength(3)
  })

  it('has rows in parts', async () => {
    const { put, read } = await stage({}, { partBytes: 1 })
    await put({ a: 1, b: 2, c: 3 })
    const stream = await read()
    expect(stream.named('rows').map(({ data }) => data['rows'])).toEqual([
      [account('a', 1)],
      [account('b', 2)],
      [account('c', 3)],
    ])
  })

  it('says when the live table is stale, and when it is live again', async () => {
    const { subscriber, publisher, database } = await stage()
    let isBroken = false
    const table = await liveTable(subscriber, {
      table: 'ACCOUNT',
      key: 'ID',
      read: () => {
        if (isBroken) throw new Error('the database is away')
        return database.read('ACCOUNT')
      },
    })
    onTestFinished(() => table.close())
    const url = await serve(liveHandler({ tables: { A: table }, authorize: () => true }))
    const stream = await EventStream.open(`${url}/?table=A`)
    await stream.until('ready')
    isBroken = true
    publisher.reset('ACCOUNT', { reason: 'loaded anew' })
    const [stale] = await stream.until('changes')
    isBroken = false
    const [, live] = await stream.until('changes', 2)
    expect([stale?.data['state'], live?.data['state']]).toEqual(['stale', 'live'])
  })

  it('says every ten seconds that it lives, and is told when it ends', async () => {
    const { read, clock, streams } = await stage()
    const stream = await read()
    clock.moveBy(webLimits.aliveMs)
    await eventually('it is told', () => stream.text.endsWith(': alive\n\n'))
    await streams.close()
    const [closed] = await stream.until('closed')
    expect(closed?.data).toEqual({ reason: 'ending' })
    await stream.end()
  })
})

describe('who may see what', () => {
  const where = { where: { OWNER: 'A' } }

  it('V3: a page gets the rows that pass, and of others nothing', async () => {
    const { put, remove, read } = await stage({ authorize: () => where })
    await put({ a: 1 })
    await put({ secret: 5 }, 'B')
    const stream = await read()
    await put({ secret: 6 }, 'B')
    await remove('secret')
    await put({ a: 2 }, 'B')
    await put({ b: 3 })
    await stream.until('changes', 2)
    expect(told(stream.events)).toEqual([
      ['begin', { whole: true, key: 'ID' }],
      ['rows', { rows: [account('a', 1)], gone: [] }],
      ['ready', { state: 'live' }],
      ['changes', { rows: [], gone: ['a'], state: 'live' }],
      ['changes', { rows: [account('b', 3)], gone: [], state: 'live' }],
    ])
    expect(stream.text).not.toContain('secret')
  })

  it.each([[false], [undefined], [null], ['yes'], [1]])(
    'V3: %j admits nobody',
    async (admitted) => {
      const { url } = await stage({ authorize: () => admitted as boolean })
      const answer = await fetch(`${url}/live?table=ACCOUNT`)
      expect(answer.status).toBe(403)
      expect(await answer.json()).toEqual({ status: 403, detail: 'ACCOUNT is not for this caller' })
    },
  )

  it.each([
    ['is not there', {}],
    ['is nothing', { where: null }],
    ['has no field', { where: {} }],
    ['has a value that is undefined', { where: { OWNER: 'A', ID: undefined } }],
    ['has an operator without a value', { where: { AMOUNT: { gte: 0, lte: undefined } } }],
    ['has an operator that is none', { where: { OWNER: { is: 'A' } } }],
  ])('V3: a condition that %s admits nobody', async (_, admitted) => {
    const { url, failures } = await stage({ authorize: () => admitted as never })
    const answer = await fetch(`${url}/live?table=ACCOUNT`)
    expect(answer.status).toBe(500)
    expect(await answer.json()).toMatchObject({ detail: 'the log of the server says why' })
    expect(failures).toHaveLength(1)
  })

  it('what authorize throws is told to the server, and not to the page', async () => {
    const authorize = () => Promise.reject(new Error('the directory of users is away'))
    const { url, failures } = await stage({ authorize })
    const answer = await fetch(`${url}/live?table=ACCOUNT`)
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 500,
      text: '{"status":500,"detail":"the log of the server says why"}\n',
    })
    expect(failures[0]).toContain('the directory of users is away')
  })

  it('map says what pages get of a row', async () => {
    const { put, read } = await stage({ map: ({ ID }: { ID: string }) => ({ ID, SEEN: true }) })
    await put({ a: 1 })
    const stream = await read()
    await put({ b: 2 })
    const [step] = await stream.until('changes')
    expect(stream.named('rows')[0]?.data['rows']).toEqual([{ ID: 'a', SEEN: true }])
    expect(step?.data['rows']).toEqual([{ ID: 'b', SEEN: true }])
  })

  it.each([
    [
      'takes the key away',
      ({ AMOUNT }: { AMOUNT: number }) => ({ AMOUNT }),
      /must keep ID as it is/,
    ],
    ['gives no object', () => null as never, /must give an object/],
  ])('V4: a map that %s ends the stream, and the server is told why', async (_, map, why) => {
    const { put, open, failures } = await stage({ map })
    await put({ a: 1 })
    const stream = await open()
    const [closed] = await stream.until('closed')
    expect(closed?.data).toEqual({ reason: 'failed' })
    await stream.end()
    expect(failures[0]).toMatch(why)
  })

  it.each([
    ['table=TRADE', 'GET', 404],
    ['table=constructor', 'GET', 404],
    ['', 'GET', 400],
    ['table=ACCOUNT&table=ENTRY', 'GET', 400],
    ['tabel=ACCOUNT', 'GET', 400],
    ['table=ACCOUNT', 'POST', 405],
  ])('%s by %s is answered %i', async (query, method, status) => {
    const { url } = await stage()
    expect((await fetch(`${url}/live?${query}`, { method })).status).toBe(status)
  })

  it('one stream more than there may be is answered 503', async () => {
    const { url, read } = await stage({}, { streams: 1 })
    await read()
    const answer = await fetch(`${url}/live?table=ACCOUNT`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  })

  const table = { subscribe: 'listens', key: 'ID' }
  it.each([
    [{ authorize: String }, /tables of liveHandler\(\) must be live tables/],
    [
      { tables: { A: table }, authorize: String },
      /tables\.A of liveHandler\(\) must be a live table/,
    ],
    [{ tables: {}, authorise: String }, /did you mean "authorize"/],
  ])('wrong options are refused: %j', (options, why) => {
    expect(() => liveHandler(options as never)).toThrow(why)
  })
})

it('V2: a page that stands still costs nobody anything, and is right when it reads on', async () => {
  const limits = { feedKeptBytes: 64 * 1024, burstMs: 0 }
  const { put, read, url, streams, clock } = await stage({}, limits)
  const other = await read()
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.setEncoding('utf8')
  socket.write('GET /?table=ACCOUNT HTTP/1.1\r\nHost: localhost\r\n\r\n')
  let text = ''
  socket.on('data', (part: string) => (text += part))
  await eventually('it has begun', () => text.includes('event: ready'))
  socket.pause()
  const before = text.length
  const owner = 'x'.repeat(256 * 1024)
  for (let n = 1; n <= 60; n++) {
    clock.moveBy(1)
    await put({ [`a${n % 3}`]: n }, `${owner}${n}`)
    await eventually('the other has it', () => other.length > n * owner.length)
  }
  expect(streams.keptBytes).toBeLessThan(1024 * 1024)
  socket.resume()
  await eventually('it is in step', () => text.lastIndexOf('event: ready') > before)
  expect(text).toContain('{"whole":false,"key":"ID"}')
  for (const n of [58, 59, 60]) expect(text).toContain(`"AMOUNT":${n}`)
  // Beside what the system holds for a connection, it was given each of three rows once.
  expect(text.length).toBeLessThan(40 * owner.length)
})
