import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { createServer } from 'node:net'
import type { Socket as TcpSocket } from 'node:net'
import { Pull, Router, XPublisher, XSubscriber } from 'zeromq'
import type { Socket } from 'zeromq'
import { afterEach, expect, test } from 'vitest'
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import { AccessList } from '../../src/sockets/access-list.ts'
import { boundXpub, socketLimits } from '../../src/sockets/socket-options.ts'
import { freeClusterPorts } from '../harness/definition-file.ts'
import { eventually } from '../harness/eventually.ts'
import { Tap, closeTaps, opened } from './wire-tap.ts'

const children = new Set<ChildProcess>()

afterEach(async () => {
  closeTaps()
  for (const child of children) {
    child.kill('SIGKILL')
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  }
  children.clear()
})

interface LinkedBus {
  /** Leads the link elsewhere. */
  lead(endpoint: string): void
  readonly tap: Tap
  readonly events: ClusterEvent[]
}

async function startBus(endpoint: string): Promise<LinkedBus> {
  const ports = await freeClusterPorts('127.0.0.1')
  const child = fork(new URL('link-child.ts', import.meta.url), [JSON.stringify(ports), endpoint], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    execArgv: [],
  })
  children.add(child)
  const events: ClusterEvent[] = []
  child.on('message', (event: ClusterEvent) => events.push(event))
  const lead = (to: string) => void child.send({ to })
  return { tap: new Tap(`tcp://127.0.0.1:${ports.outbound}`), events, lead }
}

/** The relay port of the other node. */
class Relay {
  readonly #publisher: XPublisher

  private constructor(publisher: XPublisher) {
    this.#publisher = publisher
    void this.#drain()
  }

  static async open(endpoint: string, zapDomain?: string): Promise<Relay> {
    const options = zapDomain === undefined ? {} : boundXpub(zapDomain)
    const publisher = opened(new XPublisher({ ...options, linger: 0, sendTimeout: 0 }))
    // The port may still belong to a socket that was closed a moment ago.
    await eventually(`${endpoint} to be free`, () =>
      publisher.bind(endpoint).then(
        () => true,
        () => false,
      ),
    )
    return new Relay(publisher)
  }

  publish(word: string): void {
    this.#publisher.send(['table/TRADE/', word]).catch(() => {})
  }

  /** Publishes a word until it is heard. */
  async reaches({ tap }: LinkedBus, word: string): Promise<void> {
    await eventually(`${word} to cross the link`, () => {
      if (tap.heard.includes(`table/TRADE/ ${word}`)) return true
      this.publish(word)
      return false
    })
  }

  close(): void {
    this.#publisher.close()
  }

  async #drain(): Promise<void> {
    for await (const _ of this.#publisher) if (this.#publisher.closed) return
  }
}

const unusedEndpoint = async () => `tcp://127.0.0.1:${(await freeClusterPorts('127.0.0.1')).relay}`

/** A socket of the wrong kind that nobody talks to until the link does. */
async function occupyWith(socket: Socket, endpoint: string): Promise<() => Promise<void>> {
  let tried = 0
  void (async () => {
    for await (const event of socket.events) if (event.type === 'accept') tried += 1
  })()
  await eventually(`${endpoint} to be free`, () =>
    socket.bind(endpoint).then(
      () => true,
      () => false,
    ),
  )
  return async () => {
    await eventually('an attempt of the link', () => tried > 0)
    await socket.unbind(endpoint)
    socket.close()
  }
}

async function occupyWithHttp(endpoint: string): Promise<() => Promise<void>> {
  const sockets = new Set<TcpSocket>()
  let tried = 0
  const server = createServer((socket) => {
    tried += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  })
  await eventually(
    `${endpoint} to be free`,
    () =>
      new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false))
        server.listen(Number(new URL(endpoint).port), '127.0.0.1', () => resolve(true))
      }),
  )
  return async () => {
    await eventually('an attempt of the link', () => tried > 0)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('a link that was led elsewhere says where it leads now', async () => {
  const [here, there] = [await unusedEndpoint(), await unusedEndpoint()]
  const [first, second] = [await Relay.open(here), await Relay.open(there)]
  const bus = await startBus(here)
  await first.reaches(bus, 'before')
  bus.lead(there)
  await second.reaches(bus, 'after')
  const connected = bus.events.filter((each) => each.type === 'link' && each.state === 'connected')
  expect(connected.map(({ message }) => message)).toEqual([
    `link to other connected: ${here}`,
    `link to other connected: ${there}`,
  ])
})

const intruders: readonly [string, (endpoint: string) => Promise<() => Promise<void>>][] = [
  ['a ROUTER', (endpoint) => occupyWith(opened(new Router()), endpoint)],
  ['a PULL', (endpoint) => occupyWith(opened(new Pull()), endpoint)],
  ['an XSUB', (endpoint) => occupyWith(opened(new XSubscriber()), endpoint)],
  ['an HTTP server', occupyWithHttp],
]

test.each(intruders)('a link comes back after %s held its port', async (_, occupy) => {
  const endpoint = await unusedEndpoint()
  const before = await Relay.open(endpoint)
  const bus = await startBus(endpoint)
  await before.reaches(bus, 'before')
  before.close()
  const leave = await occupy(endpoint)
  await leave()
  const after = await Relay.open(endpoint)
  await after.reaches(bus, 'after')
})

test('a link comes back after a frame that is too large ended it', async () => {
  const endpoint = await unusedEndpoint()
  const relay = await Relay.open(endpoint)
  const bus = await startBus(endpoint)
  await relay.reaches(bus, 'before')
  const renewals = () => bus.events.filter((e) => e.type === 'link' && e.state === 'renewed').length
  await eventually('the link to be renewed', async () => {
    if (renewals() > 0) return true
    relay.publish('x'.repeat(socketLimits.maxFrameBytes + 1))
    return false
  })
  await relay.reaches(bus, 'after')
})

test('a link comes up when access that was denied is allowed', async () => {
  const denied: string[] = []
  const access = await AccessList.open((address) => denied.push(address))
  try {
    access.load([])
    const endpoint = await unusedEndpoint()
    const relay = await Relay.open(endpoint, access.domain)
    const bus = await startBus(endpoint)
    await eventually('a denied connection', () => denied.length > 0)
    access.load(['127.0.0.1'])
    await relay.reaches(bus, 'after')
  } finally {
    closeTaps()
    await access.close()
  }
})
