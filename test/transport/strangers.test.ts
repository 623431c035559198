import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { XPublisher, XSubscriber } from 'zeromq'
import { systemClock } from '../../src/base/clock.ts'
import { AccessList } from '../../src/sockets/access-list.ts'
import { ConnectionMonitor } from '../../src/sockets/connection-monitor.ts'
import { requestLimits } from '../../src/transport/zeromq/connections/publishing-socket.ts'
import { portsOf } from '../../src/registration/zeromq-place.ts'
import * as socketOptions from '../../src/sockets/socket-options.ts'
import { eventually, patienceMs } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'
import type { FloodTold } from './flooded-child.ts'
import type { Peer } from './peer.ts'
import { cleanUp, openPeer, startNode } from './stage.ts'

const zeromqPort = (peer: Peer) =>
  peer.registered.map(({ place }) => portsOf(place).zeromqPort).findLast((port) => port !== null)

const refused = (peer: Peer, reason: string) =>
  peer.events.reduce(
    (sum, event) => sum + (event.type === 'refused' && event.reason === reason ? event.count : 0),
    0,
  )

/**
 * A program that is not ours, at a process's ZeroMQ port. It connects once: libzmq would connect
 * again where the end of the connection overtakes the denial (28 of 400), and be denied again.
 */
function stranger(): XSubscriber {
  const socket = new XSubscriber({
    linger: 0,
    sendHighWaterMark: 0,
    sendTimeout: 0,
    reconnectInterval: -1,
  })
  cleanUp(() => socket.close())
  return socket
}

describe('access', () => {
  it('is denied at the ZeroMQ port to whom the list does not name', async () => {
    const node = await startNode()
    const a = await openPeer(node, { process: 'A', allowed: ['127.0.0.1'] })
    const b = await openPeer(node, { process: 'B' })
    const far = stranger()
    const at = `tcp://127.0.0.1:${zeromqPort(a)}`
    far.connect(`tcp://127.0.0.9:0;127.0.0.1:${zeromqPort(a)}`)
    await eventually('the denial', () => refused(a, 'access denied') > 0)
    const near = stranger()
    const monitor = new ConnectionMonitor(near, systemClock)
    monitor.expect(at)
    near.connect(at)
    await eventually('who is named comes in', () => monitor.isConnected(at))
    await eventually('B comes in', () => b.transport.connections().processes === 1)
    expect(refused(a, 'access denied')).toBe(1)
  })

  it('waits for the list to be loaded, and follows a new one', async () => {
    const [port] = (await freePorts('127.0.0.1', 1)) as [number]
    const at = `tcp://127.0.0.1:${port}`
    const denials: string[] = []
    const list = await AccessList.open((address) => denials.push(address))
    cleanUp(() => list.close())
    const bound = new XPublisher(socketOptions.boundXpub(list.domain))
    cleanUp(() => bound.close())
    await bound.bind(at)
    const connect = () => {
      const socket = new XSubscriber(socketOptions.connectingXsub())
      cleanUp(() => socket.close())
      const dead: string[] = []
      const monitor = new ConnectionMonitor(socket, systemClock, {
        dead: (_endpoint, why) => dead.push(why),
      })
      monitor.expect(at)
      socket.connect(at)
      return { monitor, dead }
    }
    const early = connect()
    list.load(['10.0.0.0/8', '127.0.0.0/8'])
    await eventually('who came early', () => early.monitor.isConnected(at))
    expect(denials).toEqual([])
    list.load(['10.0.0.0/8'])
    const late = connect()
    await eventually('the verdict', () => late.dead.length === 1)
    expect(late.dead[0]).toContain('access was denied')
    expect(denials).toEqual(['127.0.0.1'])
    expect(early.monitor.isConnected(at)).toBe(true)
  })

  it('keeps lists apart, and can be opened again after the last was closed', async () => {
    const [one, two] = await Promise.all([AccessList.open(), AccessList.open()])
    expect(one.domain).not.toBe(two.domain)
    await Promise.all([one.close(), two.close(), two.close()])
    const again = await AccessList.open()
    await again.close()
  })

  it('refuses what is no address', async () => {
    const list = await AccessList.open()
    cleanUp(() => list.close())
    for (const wrong of ['localhost', '127.0.0.1/33', '127.0.0.1/8/8', '', '127.0.0.1/x']) {
      expect(() => list.load([wrong])).toThrow(expect.objectContaining({ code: 'USAGE' }))
    }
  })
})

describe('requests', () => {
  it.each([
    ['\x02request', '\x01table/HIDDEN/'],
    ['\x02request', '\x01table/HIDDEN/', '\x00table/'],
    ['\x02request', '\x00table/'],
    ['\x01table/HIDDEN/', '\x02request'],
  ])('in frames %j, %j, %j do no harm', async (...message) => {
    const node = await startNode()
    const a = await openPeer(node, { process: 'A' })
    const b = await openPeer(node, { process: 'B' })
    b.transport.subscribe('table/')
    const rogue = stranger()
    rogue.connect(`tcp://127.0.0.1:${zeromqPort(a)}`)
    await eventually('the stranger is in', async () => {
      await rogue.send('\x02request')
      return a.requests.length > 0
    })
    for (let sent = 0; sent < 50; sent++) await rogue.send(message)
    await eventually('honest ones get through', () => {
      b.transport.request(Buffer.from('\x02honest'))
      return a.requests.some((request) => request.toString() === '\x02honest')
    })
    expect(new Set(a.requests.map(String))).toEqual(new Set(['\x02request', '\x02honest']))
    expect(a.failures).toEqual([])
    await eventually('updates flow', () => {
      a.send('table/T/', 'x')
      return b.messages.length > 0
    })
  })

  it('above the limit are discarded and counted, and timers go on', async () => {
    const node = await startNode()
    const a = await openPeer(node, { process: 'A' })
    const rogue = stranger()
    rogue.connect(`tcp://127.0.0.1:${zeromqPort(a)}`)
    await eventually('one request', async () => {
      await rogue.send('\x02first')
      return a.requests.length > 0
    })
    const flood = 100_000
    let ticks = 0
    const timer = setInterval(() => (ticks += 1), 5)
    const started = performance.now()
    for (let sent = 0; sent < flood; sent++) {
      void rogue.send(`\x03${sent}`)
      if (sent % 1_000 === 999) await new Promise(setImmediate)
    }
    const flooded = () => a.requests.filter((request) => request[0] === 3).length
    await eventually('all counted', () => flooded() + refused(a, 'too many requests') >= flood)
    clearInterval(timer)
    const seconds = (performance.now() - started) / 1_000
    expect(flooded()).toBeLessThanOrEqual(
      requestLimits.burst + requestLimits.perSecond * (seconds + 1),
    )
    expect(ticks).toBeGreaterThan(10)
    await eventually('honest ones come through', async () => {
      await rogue.send('\x02last')
      return a.requests.some((request) => request.toString() === '\x02last')
    })
  })

  it('of a flood do not pile up in the memory of a publisher', async () => {
    const node = await startNode()
    const child = fork(
      join(import.meta.dirname, 'flooded-child.ts'),
      [JSON.stringify(node.ports)],
      {
        execArgv: [],
      },
    )
    cleanUp(() => child.kill('SIGKILL'))
    const [port] = (await once(child, 'message')) as [number]
    const rogue = stranger()
    rogue.connect(`tcp://127.0.0.1:${port}`)
    let counted = 0
    let grownBytes: number | null = null
    child.on('message', (told: FloodTold) => {
      if ('counted' in told) counted = told.counted
      else grownBytes = told.grownBytes
    })
    const request = Buffer.alloc(1_000, 3)
    // libzmq has no bound for what it has read ahead of the child, so a busy machine alone could make that large.
    const ahead = 20_000
    for (let sent = 0; sent < 200_000; sent++) {
      void rogue.send(request)
      if (sent % 1_000 < 999) continue
      await eventually('the child has kept up', () => sent - counted < ahead)
    }
    await eventually('the flood is over', async () => {
      await rogue.send('\x02the last')
      return grownBytes !== null
    })
    // Were they kept, the 200 MB would be there.
    expect(grownBytes).toBeLessThan(64 * 1024 * 1024)
  })

  it('too long to send are refused where they are made', async () => {
    const node = await startNode()
    const a = await openPeer(node, { process: 'A' })
    a.transport.request(Buffer.alloc(2 * 1024 * 1024, 2))
    a.send('table/T/', Buffer.alloc(6 * 1024 * 1024))
    await eventually('both are counted', () => refused(a, 'oversize') === 2)
    expect(a.transport.connections().outbound).toBe(1)
  })
})

describe('the probe', () => {
  it('lets 20 scripts in a row publish at once and lose nothing', async () => {
    const node = await startNode()
    const a = await openPeer(node, { process: 'A' })
    const tables = Array.from({ length: 2_000 }, (_, i) => `table/T${i}/`)
    for (const table of tables) a.transport.subscribe(table)
    const warm = await openPeer(node, { process: 'warm', role: 'script' })
    await eventually('the last subscription is there', () => {
      warm.send('table/T1999/', 'warm')
      return a.messages.length > 0
    })
    const sent: string[] = []
    const times: number[] = []
    for (let script = 0; script < 20; script++) {
      const started = performance.now()
      const peer = await openPeer(node, { process: `SCRIPT_${script}`, role: 'script' })
      times.push(performance.now() - started)
      for (const table of [0, 777, 1_999]) {
        peer.send(`table/T${table}/`, `script ${script}`)
        sent.push(`table/T${table}/script ${script}`)
      }
      await peer.transport.close(patienceMs)
    }
    const arrived = () => a.messages.filter((text) => !text.includes('warm'))
    await eventually('all of them', () => arrived().length === sent.length)
    expect(arrived().toSorted()).toEqual(sent.toSorted())
    const median = times.toSorted((x, y) => x - y)[10] as number
    console.log(`a script opens with 2,000 subscriptions in ${median.toFixed(1)} ms (median)`)
  })

  it('is never told to anybody, neither frame nor subscription', async () => {
    const node = await startNode()
    const a = await openPeer(node, { process: 'A' })
    await openPeer(node, { process: 'S', role: 'script' })
    await openPeer(node, { process: 'P', mode: 'proxy' })
    a.transport.subscribe('table/')
    const b = await openPeer(node, { process: 'B' })
    // Its connection to A may not be there yet: requests are said again until they are heard.
    await eventually('what only looks like one', () => {
      b.transport.request(Buffer.from('\x02tidings probe'))
      return a.requests.length > 0
    })
    expect(new Set(a.requests.map(String))).toEqual(new Set(['\x02tidings probe']))
  })
})
