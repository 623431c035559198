import { registrationOf } from '../../../test/harness/registration.ts'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { Hop } from '../../model/hop.ts'
import type { Registration } from '../../model/roster-entry.ts'
import type { Transport, TransportEvent, TransportHandlers } from '../transport.ts'
import type { ZeroMQChoice } from '../zeromq/connections/load-transport.ts'
import { ThreadSender, threadSenderLimits } from './thread-sender.ts'
import { packFrames, unpackFrames } from './packed-frames.ts'
import { ThreadHost } from './thread-host.ts'
import type { WorkerMessage } from './thread-messages.ts'
import { ThreadTransport } from './thread-transport.ts'

function newRegistration(name: string): Registration {
  return registrationOf(`${name}-1`, { node: 'n', process: name, pid: process.pid, startedAt: 1 })
}

const choice = { clusterTimeoutMs: 10_000 } as ZeroMQChoice

/** What the host opens: tells what it is told, and lets the test speak for the network. */
class Recorded implements Transport {
  readonly port = 11_000
  readonly sent: string[] = []
  readonly registrations: Registration[] = []
  handlers: TransportHandlers | null = null
  closedWith: number | null = null
  refusal: TidingsError | null = null

  async open(registration: Registration, handlers: TransportHandlers): Promise<Registration> {
    this.handlers = handlers
    if (this.refusal) throw this.refusal
    return registration
  }
  send = (_: string, message: Uint8Array): void => void this.sent.push(`down ${String(message)}`)
  request = (frame: Uint8Array, publishers: readonly string[] | null): void =>
    void this.sent.push(`up ${String(frame)} to ${publishers?.join() ?? 'all'}`)
  subscribe = (prefix: string): void => void this.sent.push(`subscribe ${prefix}`)
  unsubscribe = (prefix: string): void => void this.sent.push(`unsubscribe ${prefix}`)
  register = (registration: Registration): void => void this.registrations.push(registration)
  renew = ({ name }: Hop): void => void this.sent.push(`renew ${name}`)
  hops = (incarnation: string): readonly Hop[] => [
    { name: 'own', isShared: incarnation !== 'direct' },
  ]
  connections = () => ({ processes: 1, outbound: 1, inbound: 0, export: 0 })
  async close(lingerMs: number): Promise<void> {
    this.closedWith = lingerMs
  }
}

const silent: TransportHandlers = {
  message() {},
  request() {},
  roster() {},
  registered() {},
  reconnected() {},
  sharedHop() {},
  event() {},
  failed() {},
}

function stage(recorded = new Recorded()) {
  const transport = new ThreadTransport(choice, systemClock, async ({ port }) => {
    void new ThreadHost(port, async () => recorded)
  })
  const open = (handlers: Partial<TransportHandlers> = {}, signal = new AbortController().signal) =>
    transport.open(newRegistration('A'), { ...silent, ...handlers }, signal)
  return { recorded, transport, open }
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

it('messages of several frames, of none and of no bytes come back as they were', () => {
  const messages = [
    [Buffer.from('a'), Buffer.from('bc')],
    [Buffer.alloc(0)],
    [],
    [Buffer.from('d')],
  ]
  const back = unpackFrames(packFrames(messages))
  expect(back.map((frames) => frames.map(String))).toEqual([['a', 'bc'], [''], [], ['d']])
})

it('keeps the order of what is said, frames and all', async () => {
  const { recorded, transport, open } = stage()
  await open()
  transport.send('', Buffer.from('1'))
  transport.send('', Buffer.from('2'))
  const [one, two] = ['1'.repeat(32), '2'.repeat(32)]
  transport.request(Buffer.from('3'), [one, two])
  transport.subscribe('4')
  transport.request(Buffer.from('6'), null)
  transport.send('', Buffer.from('5'))
  transport.renew({ name: 'own', isShared: false }, 'x')
  await transport.close(0)
  expect(recorded.sent.slice(0, 2)).toEqual(['down 1', 'down 2'])
  expect(recorded.sent.slice(2)).toEqual([
    `up 3 to ${one},${two}`,
    'subscribe 4',
    'up 6 to all',
    'down 5',
    'renew own',
  ])
})

it('who refuses is told with code and text, and the code stands in the text once', async () => {
  const recorded = new Recorded()
  recorded.refusal = new TidingsError('NAME_TAKEN', 'a process A runs')
  const { open } = stage(recorded)
  await expect(open()).rejects.toMatchObject({
    code: 'NAME_TAKEN',
    message: 'a process A runs [NAME_TAKEN]',
  })
  expect(recorded.closedWith).toBe(0)
})

it('the worker knows the process port once it is open', async () => {
  const { recorded, transport, open } = stage()
  expect(transport.port).toBe(null)
  await open()
  expect(transport.port).toBe(recorded.port)
  await transport.close(0)
})

it('a signal ends the opening with its own reason', async () => {
  const recorded = new Recorded()
  recorded.open = () => new Promise(() => {})
  const never = new ThreadTransport(choice, systemClock, () => new Promise(() => {}))
  const abort = new AbortController()
  const opened = never.open(newRegistration('A'), silent, abort.signal)
  abort.abort(new Error('enough'))
  await expect(opened).rejects.toMatchObject({ code: 'ABORTED', cause: new Error('enough') })
})

it('a main thread that does not answer is told of after clusterTimeoutMs', async () => {
  const busy = new ThreadTransport({ ...choice, clusterTimeoutMs: 1 }, systemClock, async () => {})
  const opened = busy.open(newRegistration('A'), silent, new AbortController().signal)
  await expect(opened).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
})

it('the worker knows what can be made anew on the way from whom, and how many connections there are', async () => {
  const { recorded, transport, open } = stage()
  const events: TransportEvent[] = []
  await open({ event: (event) => events.push(event) })
  const entry = (incarnation: string) => ({ ...newRegistration('B'), incarnation })
  const change = { histories: [], settled: true, unreachable: [] }
  recorded.handlers?.roster({ ...change, entries: [entry('direct'), entry('other')] })
  recorded.handlers?.event({ type: 'cluster-found' })
  await until(() => events.length > 0)
  expect(transport.hops('direct')).toEqual([{ name: 'own', isShared: false }])
  expect(transport.hops('other')).toEqual([{ name: 'own', isShared: true }])
  expect(transport.hops('stranger')).toEqual([{ name: 'own', isShared: true }])
  expect(transport.connections()).toEqual(recorded.connections())
  recorded.hops = () => []
  recorded.handlers?.roster({ ...change, entries: [entry('direct')] })
  await until(() => transport.hops('direct').length === 0)
  recorded.handlers?.roster({ ...change, entries: [{ ...entry('other'), state: 'ended' }] })
  await until(() => transport.hops('other').length === 1)
  await transport.close(0)
})

it('a worker that dies is told of as ended, without last numbers', async () => {
  const recorded = new Recorded()
  const { port1, port2 } = new MessageChannel()
  void new ThreadHost(port1, async () => recorded)
  port2.postMessage({ type: 'open', registration: newRegistration('A') }, [])
  await until(() => recorded.handlers !== null)
  port2.close()
  await until(() => recorded.closedWith !== null)
  expect(recorded.registrations.map(({ state, last }) => [state, last])).toEqual([['ended', null]])
})

/** A host whose worker takes nothing until it is told to. */
async function blockedWorker() {
  const recorded = new Recorded()
  const { port1, port2 } = new MessageChannel()
  void new ThreadHost(port1, async () => recorded)
  port2.postMessage({ type: 'open', registration: newRegistration('A') }, [])
  await until(() => recorded.handlers !== null)
  return { recorded, handlers: recorded.handlers as TransportHandlers, port: port2 }
}

const take = (port: MessagePort, bytes: number): void =>
  port.postMessage({ type: 'taken', bytes } satisfies WorkerMessage, [])

it('of a worker that stands still no more is read than a bound, until it has taken it', async () => {
  const { handlers, port } = await blockedWorker()
  const frame = Buffer.alloc(1024 * 1024)
  let frames = 0
  while (handlers.room?.() === null) {
    handlers.message(frame)
    frames += 1
  }
  expect(frames).toBe(threadSenderLimits.toWorkerBytes / frame.length)
  const room = handlers.room?.()
  take(port, frame.length)
  await room
  expect(handlers.room?.()).toBe(null)
  port.close()
})

it('the queue of a worker that stands still for too long ends', async () => {
  const { recorded, handlers, port } = await blockedWorker()
  const entries = Array.from({ length: 1000 }, () => newRegistration('B'))
  const change = { entries, histories: [], settled: true, unreachable: [] }
  for (let told = 0; told < 100 && recorded.closedWith === null; told += 1) handlers.roster(change)
  expect(recorded.closedWith).toBe(0)
  port.close()
})

it('what the main thread does not take is dropped beyond a bound, and counted', async () => {
  let far: MessagePort | undefined
  const deaf = new ThreadTransport(choice, systemClock, async ({ port }) => {
    far = port
    port.postMessage({ type: 'accepted' }, [])
    port.once('message', () => {
      port.postMessage(
        { type: 'opened', registration: newRegistration('A'), hopsToStrangers: [] },
        [],
      )
    })
  })
  const events: TransportEvent[] = []
  const handlers = { ...silent, event: (event: TransportEvent) => void events.push(event) }
  await deaf.open(newRegistration('A'), handlers, new AbortController().signal)
  const frame = Buffer.alloc(1024 * 1024)
  for (let sent = 0; sent < 40; sent += 1) deaf.send('', frame)
  await until(() => events.length > 0)
  const over = 40 - threadSenderLimits.toMainBytes / frame.length
  expect(events).toEqual([{ type: 'refused', reason: 'send', count: over }])
  far?.close()
})

it('what waits for room goes on when nothing is sent any more', async () => {
  const { port1 } = new MessageChannel()
  const outbox = new ThreadSender(port1, 1)
  outbox.add('down', [Buffer.from('too much')])
  const room = outbox.roomAgain()
  expect(room).not.toBe(null)
  outbox.close()
  await room
  port1.close()
})

it('a worker whose sockets cannot be closed is told that all is over, and the main thread goes on', async () => {
  const recorded = new Recorded()
  recorded.close = () => Promise.reject(new Error('stuck'))
  const { transport, open } = stage(recorded)
  await open()
  await transport.close(0)
})

it('nor does the main thread end where what it opens cannot be closed after a failure', async () => {
  const recorded = new Recorded()
  recorded.refusal = new TidingsError('NAME_TAKEN', 'a process A runs')
  recorded.close = () => Promise.reject(new Error('stuck'))
  const { open } = stage(recorded)
  await expect(open()).rejects.toMatchObject({ code: 'NAME_TAKEN' })
})
