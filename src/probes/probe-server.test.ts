import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { freePorts } from '../../test/harness/loopback.ts'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { probeLimits } from './probe-limits.ts'
import { type ProbeAnswer, ProbeServer } from './probe-server.ts'

const text = (words: string): ProbeAnswer => ({
  status: 200,
  contentType: 'text/plain',
  text: words,
})

/** A server that knows one path, `/known`, and fails at `/broken`. */
async function open(address = '127.0.0.1') {
  const [port = 0] = await freePorts(address, 1)
  const clock = new ManualClock()
  const failures: string[] = []
  const server = await ProbeServer.open({
    at: { address, port },
    clock,
    answer: (path) => {
      if (path === '/broken') throw new Error('it broke')
      return path === '/known' ? text('all of it') : null
    },
    failed: ({ message }) => failures.push(message),
  })
  onTestFinished(() => server.close())
  const client = (): Socket => connect(port, address).on('error', () => undefined)
  /** What is answered to these bytes. */
  const say = async (bytes: string): Promise<string> => {
    const socket = client()
    socket.write(bytes)
    return textOf(socket)
  }
  return { server, port, clock, failures, client, say }
}

const get = (path: string, host = '127.0.0.1:9464'): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

it('answers a path that it knows, with or without a query, and closes', async () => {
  const { say } = await open()
  const answer = await say(get('/known?verbose'))
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(answer).toMatch(/\r\nConnection: close\r\n/)
  expect(answer).toMatch(/\r\n\r\nall of it$/)
})

it('HEAD has the length and nothing else', async () => {
  const { say } = await open()
  const answer = await say('HEAD /known HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\nContent-Length: 9\r\n[^]*\r\n\r\n$/)
})

it.each([
  ['another path', get('/'), 404],
  ['another path that is there for objects', get('/constructor'), 404],
  [
    'what would change something',
    'POST /known HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
    405,
  ],
  ['what is no HTTP', 'HELLO\r\n\r\n', 400],
  ['a head that is too large', get('/known', 'x'.repeat(probeLimits.requestBytes)), 431],
  ['a name that a browser was told to look up here', get('/known', 'example.org'), 421],
])('%s is refused', async (_, bytes, status) => {
  const { say } = await open()
  expect(await say(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
})

it.each(['localhost:9464', '127.0.0.1', '[::1]:9464'])(
  '%s is a name of this host',
  async (host) => {
    const { say } = await open()
    expect(await say(get('/known', host))).toMatch(/^HTTP\/1\.1 200 /)
  },
)

it('beyond loopback the name says nothing', async () => {
  const { say } = await open('0.0.0.0')
  expect(await say(get('/known', 'app-host1:9464'))).toMatch(/^HTTP\/1\.1 200 /)
})

it('what goes wrong in an answer is told, and it goes on', async () => {
  const { say, failures } = await open()
  expect(await say(get('/broken'))).toMatch(/^HTTP\/1\.1 500 [^]*the log/)
  expect(failures).toEqual(['it broke [TRANSPORT_FAILED]'])
  expect(await say(get('/known'))).toMatch(/^HTTP\/1\.1 200 /)
})

it.each([
  ['says nothing', ''],
  ['never ends its request', 'GET /known HTTP/1.1\r\nHost: local'],
])('who %s is put out in time', async (_, bytes) => {
  const { client, clock } = await open()
  const socket = client()
  const closed = once(socket, 'close')
  socket.write(bytes)
  await eventually('it is there', () => clock.waiting === 1)
  clock.moveTo(probeLimits.connectionMs - 1)
  expect(socket.readyState).toBe('open')
  clock.moveTo(probeLimits.connectionMs)
  await closed
})

it('of many that say nothing the oldest goes, and a probe is answered', async () => {
  const { client, clock, say } = await open()
  const first = client()
  const closed = once(first, 'close')
  await once(first, 'connect')
  const others = Array.from({ length: probeLimits.connections - 1 }, () => client())
  await eventually('all are there', () => clock.waiting === probeLimits.connections)
  expect(await say(get('/known'))).toMatch(/^HTTP\/1\.1 200 /)
  await closed
  expect(others.filter(({ destroyed }) => destroyed)).toEqual([])
  for (const socket of others) socket.destroy()
})

it('a port that is taken is told with who has it and what to do', async () => {
  const { port } = await open()
  const again = ProbeServer.open({
    at: { address: '127.0.0.1', port },
    clock: new ManualClock(),
    answer: () => null,
    failed: () => undefined,
  })
  await expect(again).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringMatching(
      new RegExp(
        `^port ${port} \\(TidingsHttpPort of GENESIS_CLUSTER\\) at 127\\.0\\.0\\.1 is taken.*: end what has it`,
      ),
    ),
  })
})

it('an address of another host is told', async () => {
  const at = { address: '192.0.2.1', port: 9464 }
  const opened = ProbeServer.open({
    at,
    clock: new ManualClock(),
    answer: () => null,
    failed: () => undefined,
  })
  await expect(opened).rejects.toMatchObject({
    code: 'TRANSPORT_FAILED',
    message: expect.stringContaining('at 192.0.2.1'),
  })
})

it('closing frees the port and ends who is there, and may be repeated', async () => {
  const { server, client, clock, port } = await open()
  const socket = client()
  const closed = once(socket, 'close')
  await eventually('it is there', () => clock.waiting === 1)
  await Promise.all([server.close(), server.close()])
  await closed
  expect(clock.waiting).toBe(0)
  const again = await ProbeServer.open({
    at: { address: '127.0.0.1', port },
    clock,
    answer: () => null,
    failed: () => undefined,
  })
  await again.close()
})
