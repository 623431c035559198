import { describe, expect, it } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { openGateway } from '../../test/harness/open-gateway.ts'
import { gatewayLimits } from './gateway-limits.ts'

const insert = (id: string) => ({ table: 'TRADE', kind: 'insert', record: { id } }) as const
const ndjson = 'application/x-ndjson'

describe('publishing', () => {
  it('answers when it is numbered, and readers get what was posted as one commit', async () => {
    const { post, read, queue } = await openGateway()
    const stream = await read('/updates?tables=TRADE,POSITION')
    const body = [
      { kind: 'modify', record: { id: 'T1', price: 1.5 }, before: { price: 1 }, version: 7 },
      { table: 'POSITION', kind: 'delete', record: { account: 'A' } },
    ]
    const { status, told } = await post('/updates/TRADE', JSON.stringify(body))
    expect(status).toBe(202)
    expect(told).toMatchObject({
      publisher: queue.identity,
      commits: 1,
      updates: 2,
      from: 1,
      to: 1,
    })
    expect(told['token']).toMatch(/^[\w-]+$/)
    const [commit] = await stream.until('commit')
    expect(commit?.data).toEqual({
      publisher: queue.identity,
      commit: 1,
      publishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      updates: [
        {
          table: 'TRADE',
          kind: 'modify',
          record: { id: 'T1', price: 1.5 },
          before: { price: 1 },
          version: 7,
          sequence: 1,
        },
        { table: 'POSITION', kind: 'delete', record: { account: 'A' }, sequence: 1 },
      ],
    })
  })

  it('a line is a commit, an array of updates or one; empty lines count as lines and say nothing', async () => {
    const { post, read } = await openGateway()
    const stream = await read('/updates')
    const lines = ['[{"table":"A","kind":"insert","record":{"n":1}},', '']
    lines[0] += '{"table":"B","kind":"insert","record":{"n":2}}]'
    lines.push('{"table":"A","kind":"insert","record":{"n":3}}\r', '')
    const { status, told } = await post('/updates', lines.join('\n'), { type: ndjson })
    expect({ status, told }).toMatchObject({
      status: 202,
      told: { commits: 2, updates: 3, from: 1, to: 2 },
    })
    await stream.until('commit', 2)
    expect(stream.records).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })

  it('whole numbers of 64 bits arrive as they are, and are told as strings where JSON has none', async () => {
    const { post, read, subscriber } = await openGateway()
    const seen: object[] = []
    const trades = subscriber.subscribe('TRADE', {
      onDelivery: (delivery) => {
        if (delivery.type === 'updates') seen.push(...delivery.updates.map(({ record }) => record))
      },
    })
    await trades.ready
    const stream = await read('/updates')
    await post(
      '/updates/TRADE',
      '{"kind":"insert","record":{"a":9007199254740993,"b":-9223372036854775808,"c":5},"version":"9007199254740993"}',
    )
    const [commit] = await stream.until('commit')
    expect(commit?.data.updates?.[0]).toMatchObject({
      record: { a: '9007199254740993', b: '-9223372036854775808', c: 5 },
      version: '9007199254740993',
    })
    await eventually('it has come', () => seen.length === 1)
    expect(seen).toEqual([{ a: 9007199254740993n, b: -9223372036854775808n, c: 5 }])
  })

  const good = '{"kind":"insert","record":{"id":1}}'
  it.each([
    ['no JSON', '{"kind":', 'application/json', 400, { detail: /^body: not JSON/, line: null }],
    ['no update', '[1]', 'application/json', 400, { detail: /an update must be a JSON object/ }],
    ['no commit', '[]', 'application/json', 400, { detail: /a commit needs an update/ }],
    ['nothing', '', ndjson, 400, { detail: /has no commit/ }],
    [
      'a field that is none',
      '{"knd":"insert","record":{}}',
      ndjson,
      400,
      { detail: /did you mean "kind"/, line: 1 },
    ],
    [
      'a number that nothing holds exactly, on a line',
      `${good}\n{"kind":"insert","record":{"QUANTITY":12345678901234567890}}`,
      ndjson,
      400,
      {
        detail: /^line 2: `record\.QUANTITY` must be a number that 64 bits hold/,
        line: 2,
        published: 0,
      },
    ],
    [
      'the same in a list of updates',
      `[${good},{"kind":"insert","record":{"a":[1,{"b":1e400}]}}]`,
      'application/json',
      400,
      { detail: /^body: `\[1\]\.record\.a\[1\]\.b` must be a number/ },
    ],
    ['another type of body', good, 'text/plain', 415, { detail: /Content-Type has to be/ }],
    ['what is no UTF-8', Buffer.from([0x22, 0xff]), ndjson, 400, { detail: /not UTF-8/ }],
  ])(
    '%s is refused with its place, and nothing is published',
    async (_, body, type, status, told) => {
      const { url, queue } = await openGateway()
      const answer = await fetch(`${url}/updates/TRADE`, {
        method: 'POST',
        body: body as string,
        headers: { 'Content-Type': type },
      })
      const { detail, ...others } = told
      const problem = (await answer.json()) as Record<string, unknown>
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
      expect(problem).toMatchObject({ status, ...others })
      expect(problem['detail']).toMatch(detail)
      expect(queue.stats().published.commits).toBe(0)
    },
  )

  it('what the queue itself refuses is told with its line and how many were published before it', async () => {
    const { post, queue } = await openGateway()
    const long = JSON.stringify({ kind: 'insert', record: { text: 'x'.repeat(5 * 1024 * 1024) } })
    const { status, told } = await post('/updates/TRADE', `${good}\n${long}\n${good}`, {
      type: ndjson,
    })
    expect(status).toBe(400)
    expect(told).toMatchObject({ code: 'LIMIT_EXCEEDED', line: 2, published: 1 })
    expect(told['detail']).toMatch(/^line 2: /)
    expect(queue.stats().published.commits).toBe(1)
  })

  it('G3: confirm waits for all subscribers, and is 202 with their names where one has not taken it', async () => {
    const { post, subscriber } = await openGateway({ limits: { confirmMs: 2_000 } })
    const release = Promise.withResolvers<void>()
    let isHeld = false
    const trades = subscriber.subscribe('TRADE', {
      onDelivery: () => (isHeld ? release.promise : undefined),
    })
    await trades.ready
    const confirmed = await post('/updates/TRADE?confirm', good)
    expect(confirmed).toMatchObject({ status: 200, told: { confirmed: 1, missing: [] } })
    isHeld = true
    const held = await post('/updates/TRADE?confirm', good)
    expect(held).toMatchObject({ status: 202, told: { confirmed: 0, missing: ['S on memory'] } })
    release.resolve()
  })

  it('G3: an Idempotency-Key publishes once, however often and at once it is sent', async () => {
    const { post, queue } = await openGateway()
    const headers = { 'Idempotency-Key': 'k1' }
    const answers = await Promise.all(
      [1, 2, 3].map(() => post('/updates/TRADE', good, { headers })),
    )
    expect(await post('/updates/TRADE', good, { headers })).toEqual(answers[0])
    expect(new Set(answers.map(({ told }) => JSON.stringify(told))).size).toBe(1)
    expect(queue.stats().published.commits).toBe(1)
    const other = await post('/updates/TRADE', `[${good},${good}]`, { headers })
    expect(other).toMatchObject({
      status: 422,
      told: { detail: expect.stringMatching(/another request/) },
    })
    expect((await post('/updates/TRADE', good)).status).toBe(202)
    expect(queue.stats().published.commits).toBe(2)
  })

  it('G3: a key whose request was refused whole may be used again', async () => {
    const { post } = await openGateway()
    const headers = { 'Idempotency-Key': 'k2' }
    expect((await post('/updates/TRADE', '{', { headers })).status).toBe(400)
    expect((await post('/updates/TRADE', good, { headers })).status).toBe(202)
  })
})

describe('a stream', () => {
  it('G1: goes on exactly where it stopped', async () => {
    const { read, publisher } = await openGateway()
    const first = await read('/updates?tables=TRADE')
    for (const id of ['1', '2', '3']) publisher.publish(insert(id))
    const commits = await first.until('commit', 3)
    first.leave()
    publisher.publish(insert('4'))
    const again = await read('/updates?tables=TRADE', { 'Last-Event-ID': commits[1]?.id ?? '' })
    publisher.publish(insert('5'))
    await again.until('commit', 3)
    expect(again.records).toEqual([{ id: '3' }, { id: '4' }, { id: '5' }])
    expect(again.named('loss')).toEqual([])
    const ids = again.named('commit').map(({ id }) => Number(id?.split('.')[1]))
    expect(ids).toEqual([3, 4, 5])
  })

  it('goes on from the id of `ready`, before which nothing had come', async () => {
    const { read, publisher } = await openGateway()
    const first = await read('/updates?tables=TRADE')
    const [ready] = first.named('ready')
    first.leave()
    publisher.publish(insert('1'))
    const again = await read('/updates?tables=TRADE', { 'Last-Event-ID': ready?.id ?? '' })
    await again.until('commit')
    expect(again.records).toEqual([{ id: '1' }])
  })

  it.each([
    ['of another life of the gateway', '0123456789abcdef0123456789abcdef.0'],
    ['that nobody gave', 'nonsense'],
  ])('G1: with an id %s says first that what came after it is not known', async (_, id) => {
    const { read } = await openGateway()
    const stream = await read('/updates?tables=TRADE', { 'Last-Event-ID': id })
    expect(stream.events.map(({ event }) => event)).toEqual(['loss', 'ready'])
    expect(stream.events[0]?.data).toEqual({
      table: null,
      publisher: null,
      from: null,
      to: null,
      reason: 'not-kept',
    })
  })

  it('G1: says the same where what it lacks is not kept any more', async () => {
    const clock = new ManualClock()
    const { read, publisher } = await openGateway({ clock, limits: { feedKeptBytes: 1_000 } })
    const first = await read('/updates?tables=TRADE')
    const other = await read('/updates?tables=TRADE')
    publisher.publish(insert('0'))
    const [commit] = await first.until('commit')
    first.leave()
    for (let n = 1; n <= 10; n++) publisher.publish(insert(String(n)))
    await other.until('commit', 11)
    clock.moveBy(gatewayLimits.burstMs + 1)
    publisher.publish(insert('11'))
    await other.until('commit', 12)
    const again = await read('/updates?tables=TRADE', { 'Last-Event-ID': commit?.id ?? '' })
    expect(again.events.map(({ event }) => event)).toEqual(['loss', 'ready'])
  })

  it('tells losses and resets as events of their own', async () => {
    const { cluster, read, publisher } = await openGateway()
    const stream = await read('/updates?tables=TRADE')
    publisher.reset('TRADE', { reason: 'restored', keys: [{ id: 'T1' }] })
    const [reset] = await stream.until('reset')
    expect(reset?.data).toEqual({
      table: 'TRADE',
      publisher: publisher.identity,
      from: 1,
      to: 1,
      text: 'restored',
      keys: [{ id: 'T1' }],
    })
    cluster.kill(publisher)
    const [loss] = await stream.until('loss')
    expect(loss?.data).toMatchObject({ table: 'TRADE', from: 2, to: null, reason: 'gone' })
  })

  it('is of JSON lines where that is asked for', async () => {
    const { read, publisher } = await openGateway()
    const stream = await read('/updates?tables=TRADE', { Accept: ndjson })
    expect(stream.response.headers['content-type']).toBe(`${ndjson}; charset=utf-8`)
    publisher.publish([insert('1'), insert('2')])
    await stream.until('commit')
    expect(stream.records).toEqual([{ id: '1' }, { id: '2' }])
    const again = await read('/updates?tables=TRADE', {
      Accept: ndjson,
      'Last-Event-ID': stream.named('ready')[0]?.id ?? '',
    })
    await again.until('commit')
    expect(again.records).toEqual(stream.records)
  })

  it('has what its where lets pass, of every type, and the fields of its select', async () => {
    const { open, post, publisher } = await openGateway()
    const where = {
      TRADE: {
        price: { gte: 100 },
        quantity: { in: [{ bigint: '5' }, { bigint: '6' }] },
        at: { gt: { date: '2026-01-01T00:00:00Z' } },
      },
    }
    const query = new URLSearchParams({
      tables: 'TRADE',
      where: JSON.stringify(where),
      select: 'id,price',
    })
    const stream = await open(`/updates?${query.toString()}`)
    await stream.until('ready')
    const at = new Date('2026-02-01T00:00:00Z')
    const publish = (record: object): unknown =>
      publisher.publish({ table: 'TRADE', kind: 'insert', record })
    publish({ id: 'low', price: 99, quantity: 5n, at })
    publish({ id: 'other type', price: 100, quantity: 5, at })
    publish({ id: 'early', price: 100, quantity: 5n, at: new Date(0) })
    publish({ id: 'yes', price: 100, quantity: 5n, at })
    await post('/updates/TRADE', '{"kind":"insert","record":{"id":"also no","price":1}}')
    publish({ id: 'too', price: 101, quantity: 6n, at })
    await stream.until('commit', 2)
    expect(stream.records).toEqual([
      { id: 'yes', price: 100 },
      { id: 'too', price: 101 },
    ])
  })

  it.each([
    ['table=TRADE', /no parameter "table"; did you mean "tables"/],
    ['where={', /^where: not JSON/],
    ['where=[]', /where must be conditions for each table/],
    ['tables=TRADE&where={"POSITION":{"a":1}}', /where names POSITION, which is no table of this/],
    ['where={"T":{"a":{"like":"x"}}}', /some of the conditions eq, not, in/],
    ['where={"T":{"a":{"bigint":"x"}}}', /where\.T\.a must be a whole number in a string/],
    ['where={"T":{"a":{"gt":{"date":"x"}}}}', /where\.T\.a\.gt must be a time/],
    ['select=a,,b', /select/],
    ['tables=', /table/],
    ['where={}&where={}', /`where` stands there twice/],
  ])('%s is refused with what is wrong', async (query, detail) => {
    const { ask } = await openGateway()
    const { status, text } = await ask(`/updates?${encodeURI(query)}`)
    expect(status).toBe(400)
    expect((JSON.parse(text) as { detail: string }).detail).toMatch(detail)
  })

  it('shares its subscription with those that ask for the same, and only with those', async () => {
    const { read, queue } = await openGateway()
    await read('/updates?tables=B,A')
    await read('/updates?tables=A&tables=B')
    expect(queue.stats().subscriptions).toBe(1)
    await read('/updates?tables=A')
    expect(queue.stats().subscriptions).toBe(2)
  })

  it('is told that the gateway ends, and ends with it', async () => {
    const { read, gateway } = await openGateway()
    const stream = await read('/updates')
    await Promise.all([gateway.close(), gateway.close()])
    await stream.end()
    expect(stream.events.at(-1)).toMatchObject({ event: 'closed', data: { reason: 'ending' } })
  })
})

it('answers probes, and gives figures', async () => {
  const { ask, queue } = await openGateway()
  const { node } = queue.identity
  expect(await ask('/healthz')).toMatchObject({
    status: 200,
    text: `{"node":"${node}","state":"ready"}\n`,
  })
  expect((await ask('/readyz')).status).toBe(200)
  expect((await ask('/metrics')).text).toContain(
    'tidings_published_commits_total{process="GATEWAY"} 0',
  )
  await queue.close()
  expect(await ask('/readyz')).toMatchObject({
    status: 503,
    text: `{"node":"${node}","state":"without GENESIS_CLUSTER"}\n`,
  })
  expect((await ask('/healthz')).status).toBe(200)
})

it('says what there is to who asks for something else', async () => {
  const { ask } = await openGateway()
  const { status, text } = await ask('/constructor')
  expect(status).toBe(404)
  expect(text).toContain('GET /updates')
})
