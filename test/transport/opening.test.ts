import net from 'node:net'
import { once } from 'node:events'
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Router } from 'zeromq'
import { queryCluster } from '../../src/transport/zeromq/connections/snapshot-query.ts'
import { decodeProcessMessage } from '../../src/registration/registration-message.ts'
import { freePorts, freeProcessPort } from '../harness/loopback.ts'
import { NodeProcess } from './node-process.ts'
import { cleanUp, newPeer, startNode } from './stage.ts'
import { eventually } from '../harness/eventually.ts'

describe('opening', () => {
  it('says what to start when GENESIS_CLUSTER is not there, and leaves nothing open', async () => {
    const node = await NodeProcess.reserve()
    const processPort = await freeProcessPort('127.0.0.1')
    const error = await newPeer(node, { clusterTimeoutMs: 300, processPort })
      .open()
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'CLUSTER_UNREACHABLE', category: 'retryable' })
    expect(String(error)).toContain(`127.0.0.1:${node.ports.registry}`)
    expect(String(error)).toContain('tidings cluster')
    await node.run()
    cleanUp(() => node.kill())
    await newPeer(node, { processPort }).open()
  })

  it('waits for GENESIS_CLUSTER to come', async () => {
    const node = await NodeProcess.reserve()
    const peer = newPeer(node)
    const opening = peer.open()
    cleanUp(() => node.kill())
    await node.run()
    await opening
    expect(peer.transport.port).not.toBeNull()
  })

  it('ends when the signal is aborted while it waits', async () => {
    const node = await NodeProcess.reserve()
    const controller = new AbortController()
    const opening = newPeer(node).open(controller.signal)
    controller.abort(new Error('enough'))
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED', cause: new Error('enough') })
  })

  it('ends when it is closed while it waits', async () => {
    const peer = newPeer(await NodeProcess.reserve())
    const [opened] = await Promise.allSettled([peer.open(), peer.transport.close(0)])
    expect(opened).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } })
  })

  it('names the port, its purpose and who has it when it is taken', async () => {
    const node = await startNode()
    const processPort = await freeProcessPort('127.0.0.1')
    const server = net.createServer().listen(processPort + 10_000, '127.0.0.1')
    await once(server, 'listening')
    const opening = newPeer(node, { processPort }).open()
    const message = expect.stringMatching(
      new RegExp(
        `port ${processPort + 10_000} .*process port ${processPort}.* is taken by .*pid.*give openUpdateQueue\\(\\) another port`,
      ),
    )
    await expect(opening).rejects.toMatchObject({ code: 'PORT_TAKEN', message })
    server.close()
    await once(server, 'close')
    await newPeer(node, { processPort }).open()
  })

  it('frees its port with close()', async () => {
    const node = await startNode()
    const processPort = await freeProcessPort('127.0.0.1')
    for (let life = 0; life < 5; life++) {
      const peer = newPeer(node, { processPort, process: `LIFE_${life}` })
      const opened = await peer.open()
      expect(opened.place).toEqual({ processPort, zeromqPort: processPort + 10_000 })
      expect(peer.transport.port).toBe(processPort)
      await peer.transport.close(0)
    }
  })

  it('refuses a process port that leaves no room for its ZeroMQ port', async () => {
    const opening = newPeer(await startNode(), { processPort: 60_000 }).open()
    await expect(opening).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('says so when a process has no port and asks for none', async () => {
    const opening = newPeer(await startNode(), { wantsPort: false }).open()
    await expect(opening).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' })
  })

  it('fails when GENESIS_CLUSTER refuses it later', async () => {
    const node = await startNode()
    const peer = newPeer(node)
    await peer.open()
    node.tell({ do: 'refuse', incarnation: peer.registration.incarnation })
    await eventually('the failure', () => peer.failures.length > 0)
    expect(peer.failures[0]?.code).toBe('NAME_TAKEN')
    await peer.transport.close(0)
  })

  it('tells GENESIS_CLUSTER no more than one message may hold, and says so', async () => {
    const node = await startNode()
    const peer = newPeer(node)
    const opened = await peer.open()
    const tables = Array.from({ length: 12_000 }, (_, i) => `A_TABLE_WITH_A_RATHER_LONG_NAME_${i}`)
    const sequences = tables.map((table) => ({ table, last: 1 }))
    peer.transport.register({ ...opened, sequences, subscribes: tables, publishes: ['A'] })
    await eventually('a shortened one', async () => {
      const { lastRegistration } = await node.report()
      return lastRegistration[opened.incarnation]?.publishes[0] === 'A'
    })
    const told = (await node.report()).lastRegistration[opened.incarnation]
    expect(told).toMatchObject({ sequences: [], subscribes: tables })
    peer.transport.register({ ...opened, publishes: [...tables, ...tables, ...tables] })
    await eventually('the failure', () => peer.failures.length > 0)
    expect(peer.failures[0]?.code).toBe('LIMIT_EXCEEDED')
  })
})

describe('opening while GENESIS_CLUSTER answers, but not at every port', () => {
  const clusterTimeoutMs = 4_000
  /** Each is cut after two seconds, so the last of them comes behind the limit. */
  const heldConnections = 4

  /** A port in place of the outbound port: `take` is given each connection, with its number. */
  async function inPlaceOfOutbound(node: NodeProcess, take: (near: net.Socket, n: number) => void) {
    const nears = new Set<net.Socket>()
    const server = net.createServer((near) => {
      nears.add(near.on('error', () => {}))
      take(near, nears.size)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUp(() => {
      server.close()
      for (const near of nears) near.destroy()
    })
    return { ...node.ports, outbound: (server.address() as net.AddressInfo).port }
  }

  it.each(['mesh', 'proxy'] as const)(
    'waits for a port that takes connections and is slow with its handshakes, in %s mode',
    async (mode) => {
      const node = await startNode()
      let taken = 0
      const ports = await inPlaceOfOutbound(node, (near, n) => {
        taken = n
        if (n < heldConnections) return
        const far = net.connect(node.ports.outbound, '127.0.0.1').on('error', () => {})
        near.on('close', () => far.destroy())
        near.pipe(far).pipe(near)
      })
      await newPeer(node, { mode, ports, clusterTimeoutMs }).open()
      expect(taken).toBeGreaterThanOrEqual(heldConnections)
    },
  )

  it('names a port at which nobody is', async () => {
    const node = await startNode()
    const [outbound = 0] = await freePorts('127.0.0.1', 1)
    const ports = { ...node.ports, outbound }
    const opening = newPeer(node, { ports, clusterTimeoutMs }).open()
    const message = expect.stringMatching(`answers at .*, but .*:${outbound} \\(outbound\\)`)
    await expect(opening).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE', message })
  })

  it.each([
    ['closes every connection', (near: net.Socket) => near.destroy()],
    ['speaks another protocol', (near: net.Socket) => near.end('HTTP/1.1 400 Bad Request\r\n')],
  ])('names a port at which somebody %s', async (_, take) => {
    const node = await startNode()
    const ports = await inPlaceOfOutbound(node, take)
    const opening = newPeer(node, { ports, clusterTimeoutMs }).open()
    const message = expect.stringMatching(`answers at .*, but .*:${ports.outbound} \\(outbound\\)`)
    await expect(opening).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE', message })
  })

  it('names a port that is another one of GENESIS_CLUSTER', async () => {
    const node = await startNode()
    const ports = { ...node.ports, outbound: node.ports.inbound }
    const opening = newPeer(node, { ports, clusterTimeoutMs }).open()
    const message = expect.stringMatching(`answers at .*, but .*:${ports.outbound} \\(outbound\\)`)
    await expect(opening).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE', message })
  })

  it('names a port at which nobody takes the first table that a process publishes', async () => {
    const node = await startNode()
    const [inbound = Number.NaN] = await freePorts('127.0.0.1', 1)
    const ports = { ...node.ports, inbound }
    const peer = newPeer(node, { mode: 'proxy', process: 'LATE', ports, clusterTimeoutMs: 1_000 })
    await peer.open()
    peer.transport.register({ ...peer.registration, publishes: ['T'] })
    await eventually('it is told', () => peer.failures.length > 0)
    const message = expect.stringMatching(`answers at .*, but .*:${inbound} \\(inbound\\)`)
    expect(peer.failures).toMatchObject([{ code: 'CLUSTER_UNREACHABLE', message }])
  })

  it('names a GENESIS_CLUSTER that falls silent meanwhile', async () => {
    const node = await startNode()
    const ports = await inPlaceOfOutbound(node, () => node.tell({ do: 'silent', on: true }))
    const opening = newPeer(node, { ports, clusterTimeoutMs }).open()
    const message = expect.stringMatching(/^GENESIS_CLUSTER did not answer .*tidings cluster/)
    await expect(opening).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE', message })
  })
})

describe('a process', () => {
  it.each(['mesh', 'proxy'] as const)('ends by itself after close(), in %s mode', async (mode) => {
    const node = await startNode()
    const peer = newPeer(node, { mode, process: 'LISTENER' })
    await peer.open()
    peer.transport.subscribe('table/')
    const child = fork(
      join(import.meta.dirname, 'publishing-child.ts'),
      [JSON.stringify({ mode, ports: node.ports, messages: 200, bytes: 16_384 })],
      { execArgv: [] },
    )
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
    await eventually('all it sent', () => peer.messages.length === 200)
  })
})

describe('queryCluster()', () => {
  it('asks without registering', async () => {
    const node = await startNode()
    const snapshot = await queryCluster('127.0.0.1', node.ports.registry, 5_000)
    expect(snapshot).toMatchObject({ node: 'n', nodes: [] })
    expect((await node.report()).registers).toBe(0)
  })

  it('gives up after its time', async () => {
    const { ports } = await NodeProcess.reserve()
    const asking = queryCluster('127.0.0.1', ports.registry, 200)
    await expect(asking).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
  })

  it('passes over what is no answer', async () => {
    const { ports } = await NodeProcess.reserve()
    const router = new Router({ linger: 0 })
    await router.bind(`tcp://127.0.0.1:${ports.registry}`)
    const asking = queryCluster('127.0.0.1', ports.registry, 300)
    const [route, frame] = (await router.receive()) as [Buffer, Buffer]
    expect(decodeProcessMessage(frame)).toEqual({ type: 'snapshot' })
    await router.send([route, 'no JSON'])
    await router.send([route, JSON.stringify({ type: 'renew' })])
    await expect(asking).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    router.close()
  })
})
