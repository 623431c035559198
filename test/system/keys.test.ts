import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import { listeningEndpointsOf } from '../harness/ports-of-process.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { expectAllOf, sum } from './judgement.ts'
import { client, Outsider, outsiderTypes, type OutsiderType } from './outsider.ts'

endProcessesAfterEach()

const [ours, theirs] = [newKeyPair(), newKeyPair()]

/** What a member subscribes to in a flood, and what each topic may take at most: libzmq has no limit for their number. */
const floodTopics = 100_000
const bytesOfATopic = 1_024
/** What is said before others get their turn. */
const burst = 1_000

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

/** What a program that is not let in may have. */
const strangers = {
  'no key': {},
  'another key': client(theirs.public, theirs),
  'the public key alone': client(ours.public, theirs),
} as const

/** Every TCP port of the cluster's processes, also those that no page names. */
function allPorts(cluster: TestCluster, ...applications: Application[]): string[] {
  const pids = [...cluster.nodes, ...applications].map(({ child }) => child.pid)
  return pids.flatMap(listeningEndpointsOf)
}

/** All of a greeting at once (RFC 23): a socket of libzmq may have seen that the mechanisms differ, and have gone, before it says its own. */
function begin(endpoint: string, mechanism: 'NULL' | 'CURVE'): Socket {
  const greeting = Buffer.alloc(64)
  greeting.write(`\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01${mechanism}`, 'latin1')
  const { hostname, port } = new URL(endpoint)
  const socket = connectTcp(Number(port), hostname)
  open.push(socket)
  socket.on('error', () => undefined)
  socket.resume()
  socket.write(greeting)
  return socket
}

/** A byte each 300 ms, as long as somebody reads: 64 of them take longer than any handshake may. */
function trickle(socket: Socket, bytes: Buffer): void {
  let said = 0
  const timer = setInterval(() => {
    if (socket.closed || said === bytes.length) clearInterval(timer)
    else socket.write(bytes.subarray(said, (said += 1)))
  }, 300)
}

const foreign = 'update/TRADE/{"kind":"insert","record":{"FORGED":true}}'

describe.each(['mesh', 'proxy'] as const)('in a %s with keys', (shape) => {
  it('who has none is let in at no port: nothing is read, nothing written, nobody put out', async () => {
    const cluster = await TestCluster.start(shape, 1, { keys: [ours] })
    const publisher = await cluster.open('PUBLISHER', { publishes: ['TRADE', 'POSITION'] })
    const subscriber = await cluster.open('SUBSCRIBER')
    await subscriber.subscribe('*')
    const ports = allPorts(cluster, publisher, subscriber)
    // inbound, outbound, membership, registration, relay, export, its own port, that of the intake; in a mesh two more.
    expect(ports).toHaveLength(shape === 'mesh' ? 10 : 8)
    const all = ports.flatMap((port) =>
      Object.values(strangers).flatMap((options) =>
        Object.keys(outsiderTypes).map(
          (type) => [port, new Outsider(port, type as OutsiderType, options)] as const,
        ),
      ),
    )
    for (const [port, stranger] of all)
      await eventually(`a verdict at ${port}`, () => stranger.isRefused)
    for (const [, stranger] of all)
      for (const text of ['\x01', '\x01update/', '\x02request', foreign]) stranger.say(text)
    await publisher.publish(10_000)
    const report = await subscriber.receives({ updates: 10_000 })
    expectAllOf(report, 'PUBLISHER', await publisher.published())
    expect(report.foreign).toEqual([])
    expect(all.filter(([, stranger]) => stranger.isIn).map(([port]) => port)).toEqual([])
    expect(all.flatMap(([, stranger]) => stranger.heard)).toEqual([])
    for (const application of [publisher, subscriber]) {
      const { events } = await application.report()
      expect(events.filter(({ type }) => type === 'disconnected' || type === 'renewed')).toEqual([])
    }
    const { child } = cluster.node()
    for (const port of listeningEndpointsOf(child.pid)) begin(port, 'NULL')
    await child.says(/warning: connections at \S+ were refused, \d+ so far: they have no key/)
    await child.says(
      /warning: connections at \S+ were refused, \d+ so far: they were made for another key/,
    )
    const { log } = child
    expect(log).toMatch(/a connection from 127\.0\.0\.1 was denied: its key is not in the key file/)
    // However often they try.
    expect(log.split('\n').filter((line) => line.includes('its key is not in'))).toHaveLength(1)
  })
})

it('a key alone does not let in from an address that the definition does not list', async () => {
  const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
  const host = cluster.node().host
  const port = `tcp://${host}:${cluster.ports.outbound}`
  const far = new Outsider(port, 'subscriber', client(ours.public, ours), '127.0.0.99')
  const near = new Outsider(port, 'subscriber', client(ours.public, ours))
  await eventually('both verdicts', () => far.isRefused && near.isIn)
  expect(far.isIn).toBe(false)
})

it('a program with the key publishes to the inbound port, as foreign programs do', async () => {
  const cluster = await TestCluster.start('proxy', 1, { keys: [ours] })
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe(['TRADE'])
  const inbound = `tcp://${cluster.node().host}:${cluster.ports.inbound}`
  const program = new Outsider(inbound, 'publisher', client(ours.public, ours))
  await eventually('it is told what is wanted', () => program.heard.includes('\x01update/'))
  program.say(foreign)
  await eventually('its update', async () => (await subscriber.report()).foreign.length > 0)
})

it('1,000 connections that begin no handshake, are slow, or speak no ZMTP keep nobody out', async () => {
  const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
  const publisher = await cluster.open('PUBLISHER', { publishes: ['TRADE', 'POSITION'] })
  const before = await publisher.progress()
  const ports = allPorts(cluster, publisher)
  const halfOpen = Array.from({ length: 1_000 }, (_, n) => {
    const { hostname, port } = new URL(ports[n % ports.length] ?? '')
    const socket = connectTcp(Number(port), hostname)
    open.push(socket)
    socket.on('error', () => undefined)
    socket.resume()
    return socket
  })
  await Promise.all(halfOpen.map((socket) => once(socket, 'connect')))
  // A quarter each begins CURVE and says no more, floods with nonsense, or greets byte by byte, too slowly to end in time.
  const greeting = Buffer.alloc(64)
  greeting.write('\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01CURVE', 'latin1')
  const flood = Buffer.alloc(1024 * 1024, '\x01table/x')
  for (const [n, socket] of halfOpen.entries()) {
    if (n % 4 === 1) socket.write(greeting)
    if (n % 4 === 2) socket.write(flood)
    if (n % 4 === 3) trickle(socket, greeting)
  }
  // A process comes meanwhile, and is whole: its connections are made beside them.
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe('*')
  await publisher.publish(10_000)
  expectAllOf(
    await subscriber.receives({ updates: 10_000 }),
    'PUBLISHER',
    await publisher.published(),
  )
  await eventually('all are put out', () => halfOpen.every((socket) => socket.closed))
  const after = await publisher.progress()
  expect(after.peakMemory - before.memory).toBeLessThan(64 * 1024 * 1024)
})

it('a flood of subscriptions and requests without a key takes no memory', async () => {
  const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
  const publisher = await cluster.open('PUBLISHER', { publishes: ['TRADE', 'POSITION'] })
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe('*')
  const before = await publisher.progress()
  const [port = ''] = listeningEndpointsOf(publisher.child.pid)
  const rogues = Object.values(strangers).map(
    (options) => new Outsider(port, 'subscriber', { sendHighWaterMark: 0, ...options }),
  )
  for (let n = 0; n < 300_000; n++) {
    for (const rogue of rogues) rogue.say(n % 2 === 0 ? `\x01table/${n}/` : `\x02${n}`)
    if (n % 1_000 === 0) await new Promise(setImmediate)
  }
  for (const rogue of rogues) await eventually('a verdict', () => rogue.isRefused)
  await publisher.publish(10_000)
  await subscriber.receives({ updates: 10_000 })
  expect(rogues.some(({ isIn }) => isIn)).toBe(false)
  const { refused } = await publisher.stats()
  expect(refused).not.toHaveProperty('too many requests')
  const after = await publisher.progress()
  expect(after.peakMemory - before.memory).toBeLessThan(64 * 1024 * 1024)
})

it('updates cross between nodes with keys, in both directions', async () => {
  const cluster = await TestCluster.start('proxy+relay', 2, { keys: [ours] })
  const [one, other] = [await cluster.open('ONE', {}, 0), await cluster.open('OTHER', {}, 1)]
  await Promise.all([one, other].map((each) => each.subscribe('*')))
  await Promise.all([one, other].map((each) => each.publish(5_000)))
  for (const [each, from] of [
    [one, other],
    [other, one],
  ] as const) {
    const published = await from.published()
    const process = from === one ? 'ONE' : 'OTHER'
    expectAllOf(await each.receives({ process, updates: sum(published) }), process, published)
  }
})

it('a member of the cluster may flood: requests are bounded, topics cost their memory, and no update of others is lost', async () => {
  const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
  const publisher = await cluster.open('PUBLISHER', { publishes: ['TRADE', 'POSITION'] })
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe('*')
  await publisher.load({ perSecond: 1_000 })
  const before = await publisher.progress()
  const [port = ''] = listeningEndpointsOf(publisher.child.pid)
  const member = new Outsider(port, 'subscriber', {
    sendHighWaterMark: 0,
    ...client(ours.public, ours),
  })
  await eventually('it is in', () => member.isIn)
  for (let n = 0; n < floodTopics; n++) {
    member.say(`\x01table/${n}/`)
    if (n % burst === 0) await nextTurn()
  }
  // On one connection what was said before is read before: by the first that is refused all topics are taken.
  await eventually('requests are refused', async () => {
    for (let n = 0; n < 50 * burst; n++) {
      member.say(`\x02${n}`)
      if (n % burst === 0) await nextTurn()
    }
    return ((await publisher.stats()).refused['too many requests'] ?? 0) > 0
  })
  await publisher.publishes(sum(await publisher.published()) + 1_000)
  const published = await publisher.stop()
  expectAllOf(
    await subscriber.receives({ process: 'PUBLISHER', updates: sum(published) }),
    'PUBLISHER',
    published,
  )
  const after = await publisher.progress()
  const grown = after.peakMemory - before.memory
  expect(grown).toBeLessThan(64 * 1024 * 1024 + floodTopics * bytesOfATopic)
  expect(cluster.node().child.log).not.toMatch(/PUBLISHER (?:ended|is gone)/)
})
