import { describe, expect, it } from 'vitest'
import { Router, XPublisher, XSubscriber } from 'zeromq'
import { systemClock } from '../../src/base/clock.ts'
import { ConnectionMonitor } from '../../src/sockets/connection-monitor.ts'
import { eventually } from '../harness/eventually.ts'
import { freeProcessPort } from '../harness/loopback.ts'
import type { Peer } from './peer.ts'
import { cleanUp, openPeer, startNode } from './stage.ts'
import type { Registration } from '../../src/model/roster-entry.ts'

const modes = ['mesh', 'proxy'] as const

/** Resolves when what `from` sends reaches `to`; sends until then. */
async function path(from: Peer, to: Peer, topic: string): Promise<void> {
  const text = `beacon ${Math.random()}`
  await eventually(`${topic} from ${from.registration.process}`, () => {
    from.send(topic, text)
    return to.messages.includes(topic + text)
  })
}

/** A socket of a type that ours do not talk to; the answer frees the port. */
function holdPort(port: number): () => Promise<void> {
  const stranger = new Router({ linger: 0 })
  const monitor = new ConnectionMonitor(stranger, systemClock)
  stranger.bindSync(`tcp://127.0.0.1:${port}`)
  return () => {
    stranger.close()
    return monitor.ended
  }
}

const saw = (peer: Peer, type: string) => peer.events.some((event) => event.type === type)

describe('GENESIS_CLUSTER dies and comes back', () => {
  it.each(modes)('is told and healed, in %s mode', async (mode) => {
    const node = await startNode({ history: 'first' })
    const a = await openPeer(node, { mode, process: 'A' })
    const b = await openPeer(node, { mode, process: 'B' })
    b.transport.subscribe('table/')
    await path(a, b, 'table/T/')
    await node.kill()
    await eventually('cluster-lost', () => saw(a, 'cluster-lost') && saw(b, 'cluster-lost'))
    if (mode === 'mesh') await path(a, b, 'table/WITHOUT/')
    await node.run({ history: 'first' })
    await eventually('cluster-found', () => saw(a, 'cluster-found') && saw(b, 'cluster-found'))
    await eventually('reconnected', () => b.reconnects > 0)
    await eventually('the shared hop', () => b.sharedHop.at(-1) === true)
    await path(a, b, 'table/AFTER/')
    expect(b.sharedHop).toEqual([true, false, true])
    expect([a.failures, b.failures]).toEqual([[], []])
  })

  it('asks from the beginning when the roster has begun anew', async () => {
    const node = await startNode({ history: 'first' })
    const a = await openPeer(node, { process: 'A' })
    await node.kill()
    await node.run({ history: 'second' })
    const b = await openPeer(node, { process: 'B' })
    await eventually('the new history', () =>
      a.changes.some(({ histories }) => histories.some(({ history }) => history === 'second')),
    )
    await eventually('B', () => a.entriesOf('B').length > 0)
    a.transport.subscribe('table/')
    await path(b, a, 'table/T/')
    node.tell({ do: 'resend-all' })
    const told = a.changes.length
    b.transport.register({ ...b.registration, publishes: ['NEXT'] })
    await eventually('what comes after', () => a.entriesOf('B').at(-1)?.publishes[0] === 'NEXT')
    expect(a.changes.slice(told).flatMap(({ entries }) => entries).length).toBe(1)
  })

  it('is lost when it says nothing, and found when it speaks', async () => {
    const node = await startNode()
    const a = await openPeer(node)
    node.tell({ do: 'silent', on: true })
    await eventually('cluster-lost', () => saw(a, 'cluster-lost'))
    expect(a.transport.connections().outbound).toBe(1)
    node.tell({ do: 'silent', on: false })
    await eventually('cluster-found', () => saw(a, 'cluster-found'))
  })
})

describe('a link that libzmq has given up', () => {
  it('is made again after another socket type has held the port of a process', async () => {
    const node = await startNode()
    const processPort = await freeProcessPort('127.0.0.1')
    const a = await openPeer(node, { process: 'A', processPort })
    const b = await openPeer(node, { process: 'B' })
    b.transport.subscribe('table/')
    await path(a, b, 'table/T/')
    await a.transport.close(0)
    const leave = holdPort(processPort + 10_000)
    await eventually('it is renewed', () => saw(b, 'renewed'))
    await leave()
    const again = await openPeer(node, { process: 'A2', processPort })
    await path(again, b, 'table/T/')
    expect(b.reconnects).toBeGreaterThan(0)
  })

  it.each(modes)('is made again after another has held the outbound port, in %s', async (mode) => {
    const node = await startNode()
    const a = await openPeer(node, { mode, process: 'A' })
    const s = await openPeer(node, { mode, process: 'S', role: 'script' })
    a.transport.subscribe('table/')
    await path(s, a, 'table/T/')
    await node.kill()
    const leave = holdPort(node.ports.outbound)
    await eventually('both have tried it', () => saw(a, 'renewed') && saw(s, 'renewed'))
    await leave()
    await node.run()
    await path(s, a, 'table/T/')
    expect(a.reconnects).toBeGreaterThan(0)
  })

  it('is made again after a frame over the limit has ended it', async () => {
    const node = await startNode()
    const a = await openPeer(node, { mode: 'proxy', process: 'A' })
    a.transport.subscribe('table/')
    const rogue = new XPublisher({ linger: 0, sendTimeout: 0 })
    cleanUp(() => rogue.close())
    rogue.connect(`tcp://127.0.0.1:${node.ports.inbound}`)
    await rogue.receive()
    // Above what the proxies take: their connection with us must not suffer.
    await rogue.send(['table/T/', Buffer.alloc(6 * 1024 * 1024)])
    const s = await openPeer(node, { mode: 'proxy', process: 'S', role: 'script' })
    await path(s, a, 'table/T/')
    expect(a.messages.every((message) => message.length < 1_000)).toBe(true)
  })
})

describe('reconnecting', () => {
  it.each(modes)('brings all of 1,500 subscriptions back, in %s mode', async (mode) => {
    const node = await startNode()
    const processPort = await freeProcessPort('127.0.0.1')
    const options = { mode, process: 'A', processPort }
    const a = await openPeer(node, options)
    const b = await openPeer(node, { mode, process: 'B' })
    const topics = Array.from({ length: 1_500 }, (_, i) => `table/TABLE_${i}/`)
    for (const topic of topics) b.transport.subscribe(topic)
    await path(a, b, topics.at(-1) as string)
    let publisher = a
    if (mode === 'mesh') {
      await a.transport.close(0)
      publisher = await openPeer(node, { ...options, process: 'A2' })
    } else {
      await node.kill()
      await node.run()
    }
    const started = performance.now()
    expect(await allTopics(publisher, b, topics)).toBe(1_500)
    console.log(`${mode}: 1,500 subscriptions back ${Math.round(performance.now() - started)} ms`)
  })
})

/** Resolves when each topic has brought something that was sent after now, with their number. */
async function allTopics(from: Peer, to: Peer, topics: readonly string[]): Promise<number> {
  const missing = new Set(topics)
  const before = to.messages.length
  let at = before
  await eventually('every topic', () => {
    for (; at < to.messages.length; at++) missing.delete(to.messages[at]?.slice(0, -1) ?? '')
    // A hundred at a time: what is asked for here is subscriptions, not the depth of queues.
    for (const topic of [...missing].slice(0, 100)) from.send(topic, 'x')
    return missing.size === 0
  })
  return new Set(to.messages.slice(before)).size
}

describe('renewing', () => {
  it.each(modes)('of the own connection resubscribes by itself, in %s mode', async (mode) => {
    const node = await startNode()
    const a = await openPeer(node, { mode, process: 'A' })
    const b = await openPeer(node, { mode, process: 'B' })
    b.transport.subscribe('table/')
    await path(a, b, 'table/T/')
    b.renew('own', a.registration.incarnation)
    b.renew('own', a.registration.incarnation)
    await eventually('it is connected again', () => b.reconnects === 1)
    const renewed = b.events.filter(({ type }) => type === 'renewed')
    expect(renewed).toMatchObject([{ hop: mode === 'mesh' ? 'A' : 'outbound' }])
    await path(a, b, 'table/T/')
  })

  it('of a link or a publisher is asked of GENESIS_CLUSTER, once in two seconds', async () => {
    const node = await startNode()
    const a = await openPeer(node, { process: 'A' })
    const b = await openPeer(node, { process: 'B' })
    const { incarnation } = a.registration
    await eventually('B knows A', () => b.entriesOf('A').length > 0)
    for (let times = 0; times < 5; times++) {
      b.renew('link', incarnation)
      b.renew('publisher', incarnation)
    }
    await eventually('both', async () => (await node.report()).renews.length === 2)
    expect((await node.report()).renews).toEqual([
      `link ${incarnation}`,
      `publisher ${incarnation}`,
    ])
  })

  it('ordered of a publisher makes its connection to GENESIS_CLUSTER anew', async () => {
    const node = await startNode()
    const a = await openPeer(node, { mode: 'proxy', process: 'A' })
    const b = await openPeer(node, { mode: 'proxy', process: 'B' })
    b.transport.subscribe('table/')
    await path(a, b, 'table/T/')
    node.tell({ do: 'renew', incarnation: a.registration.incarnation })
    await eventually('it is renewed', () => saw(a, 'renewed'))
    expect(a.events).toContainEqual(expect.objectContaining({ type: 'renewed', hop: 'inbound' }))
    await path(a, b, 'table/T/')
  })

  it('ordered in a mesh leaves the connections of other processes alone', async () => {
    const node = await startNode({ linked: true })
    const a = await openPeer(node, { process: 'A' })
    const b = await openPeer(node, { process: 'B' })
    b.transport.subscribe('table/')
    await path(a, b, 'table/T/')
    node.tell({ do: 'renew', incarnation: a.registration.incarnation })
    await eventually('export is renewed', () => saw(a, 'renewed'))
    await eventually('it is back', () => a.transport.connections().export === 1)
    await path(a, b, 'table/T/')
    expect(b.reconnects).toBe(0)
  })
})

describe('a node with links', () => {
  it('has what its mesh processes publish at its relay port', async () => {
    const node = await startNode({ linked: true })
    const a = await openPeer(node, { process: 'A' })
    expect(a.transport.connections().export).toBe(0)
    a.send('table/T/', 'nobody hears it yet')
    await eventually('it is connected', () => a.transport.connections().export === 1)
    const other = new XSubscriber({ linger: 0, sendHighWaterMark: 0 })
    cleanUp(() => other.close())
    other.connect(`tcp://127.0.0.1:${node.ports.relay}`)
    await other.send('\x01table/')
    let arrived: string | null = null
    const receiving = other.receive().then(([message]) => (arrived = String(message)))
    await eventually('it arrives', () => {
      a.send('table/T/', 'x')
      return arrived !== null
    })
    await receiving
    expect(arrived).toBe('table/T/x')
  })
})

describe('a process that publishes nothing', () => {
  it('is connected to where it would publish with its first table, and is told of as a publisher then', async () => {
    const node = await startNode()
    const b = await openPeer(node, { mode: 'proxy', process: 'B' })
    const a = await openPeer(node, { mode: 'proxy', process: 'A' })
    expect(a.transport.connections().inbound).toBe(0)
    b.transport.subscribe('table/T/')
    const script = await openPeer(node, { mode: 'proxy', process: 'SCRIPT', role: 'script' })
    b.transport.request(Buffer.from('\x02for publishers'))
    await eventually('who publishes has it', () => script.requests.length > 0)
    a.transport.register({ ...a.registration, publishes: ['T'] })
    await eventually('it is taken', () =>
      a.registered.some(({ publishes }) => publishes.includes('T')),
    )
    expect(a.transport.connections().inbound).toBe(1)
    // The subscription was here before: the first message arrives.
    a.send('table/T/', 'first')
    await eventually('it arrives', () => b.messages.includes('table/T/first'))
    expect(a.requests.map(String)).toEqual([])
  })

  it('says nothing of its tables before it is connected', async () => {
    const node = await startNode()
    const a = await openPeer(node, { mode: 'proxy', process: 'A' })
    const inbound: number[] = []
    const { push } = a.registered
    a.registered.push = (registration: Registration) => {
      if (registration.publishes.length > 0) inbound.push(a.transport.connections().inbound)
      return push.call(a.registered, registration)
    }
    a.transport.register({ ...a.registration, publishes: ['T'] })
    a.transport.register({ ...a.registration, publishes: ['T'], subscribes: ['S'] })
    await eventually('it is taken', () => inbound.length > 0)
    expect(new Set(inbound)).toEqual(new Set([1]))
    expect(a.registered.at(-1)?.subscribes).toEqual(['S'])
  })
})
