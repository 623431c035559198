import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Dealer, XPublisher, XSubscriber } from 'zeromq'
import { eventually } from '../../../../test/harness/eventually.ts'
import { freePorts, nodeAddresses } from '../../../../test/harness/loopback.ts'
import { systemClock } from '../../../base/clock.ts'
import { newKeyPair } from '../../../model/key-pair.ts'
import { AccessList } from '../../../sockets/access-list.ts'
import { ConnectionMonitor } from '../../../sockets/connection-monitor.ts'
import { curveServer } from '../../../sockets/keys/curve.ts'
import { Keys } from '../../../sockets/keys/keys.ts'
import type { ClusterEvent } from '../../cluster-event.ts'
import { whisperVersion } from '../../membership/peers.ts'
import { MulticastLinks } from './multicast-links.ts'

const open: (() => Promise<unknown> | void)[] = []
const names = ['a', 'b', 'c'] as const

let access: AccessList
let keys: Keys | null
let groupPort: number
beforeEach(async () => {
  keys = null
  access = await AccessList.open()
  access.load(['127.0.0.0/8'])
  groupPort = (await freePorts('127.0.0.1', 1))[0] ?? 0
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  await access.close()
})

const boundEnd = () => ({
  linger: 0,
  ...(keys && { ...curveServer(keys.own), zapDomain: access.domain }),
})

/** The bus of one node: its export and its outbound, without proxies behind them. */
class Node {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly uuid = randomBytes(16).toString('hex')
  readonly events: ClusterEvent[] = []
  readonly exported = new XPublisher(boundEnd())
  readonly outbound = new XSubscriber(boundEnd())
  readonly heard: string[] = []
  readonly misfits: string[] = []
  /** What comes to its publishers: subscriptions and requests. */
  readonly asked: string[] = []
  links!: MulticastLinks

  constructor(name: string, address: string, port: number) {
    this.name = name
    this.address = address
    this.port = port
  }

  async begin(networkInterface: string | null = null): Promise<void> {
    this.exported.bindSync('tcp://127.0.0.1:0')
    this.outbound.bindSync('tcp://127.0.0.1:0')
    open.push(() => this.exported.close())
    open.push(() => this.outbound.close())
    this.links = await MulticastLinks.open({
      bus: {
        relayAt: this.exported.lastEndpoint ?? '',
        outboundAt: this.outbound.lastEndpoint ?? '',
      },
      settings: {
        group: '239.192.84.73',
        port: groupPort,
        interface: networkInterface,
        ttl: 1,
        datagramBytes: 1_400,
        bytesPerSecond: 32_000_000,
      },
      bind: this.address,
      port: this.port,
      advertised: () => this.address,
      zapDomain: access.domain,
      uuid: this.uuid,
      cluster: 7,
      clock: systemClock,
      on: (event) => this.events.push(event),
      keys,
      stranger: () => {},
      misfit: (_, misfit) => this.misfits.push(misfit),
      refused: () => {},
      failed: (error) => {
        throw error
      },
    })
    open.push(() => this.links.closeAll())
    void this.#read(this.exported, this.asked)
    void this.#read(this.outbound, this.heard)
  }

  meets(other: Node): void {
    const ports = { inbound: 1, outbound: 2, relay: other.port }
    const more = {
      node: other.name,
      wire: whisperVersion,
      mode: 'mesh',
      history: 'h',
      cluster: 'shop',
      link: 'multicast',
    } as const
    const headers = { ...ports, ...more }
    this.links.open({ node: other.name, address: other.address, life: other.uuid, headers })
  }

  /** What it has heard, how the datagrams of another node came, and what became of its links. */
  told(other: string): string {
    const { links } = this.links.states(systemClock.now())
    const reception = links.find(({ node }) => node === other)?.reception
    const events = this.events.map(({ message }) => message)
    return JSON.stringify({ node: this.name, heard: this.heard.length, reception, events })
  }

  async #read(socket: XPublisher | XSubscriber, into: string[]): Promise<void> {
    for await (const frames of socket) into.push(Buffer.concat(frames).toString('latin1'))
  }
}

async function threeNodes(networkInterface: string | null = null): Promise<Node[]> {
  const addresses = nodeAddresses(3)
  const [port = 0] = await freePorts(addresses[0] ?? '', 1)
  const nodes = names.map((name, place) => new Node(name, addresses[place] ?? '', port))
  for (const node of nodes) await node.begin(networkInterface)
  for (const one of nodes) for (const other of nodes) if (one !== other) one.meets(other)
  for (const { name, outbound } of nodes) await outbound.send(`\x01table/${name}/`)
  const know = (one: Node): boolean =>
    nodes.every(({ name }) => name === one.name || one.asked.includes(`\x01table/${name}/`))
  await eventually('all to know each other', () => nodes.every(know))
  return nodes
}

async function updatesArrive([a, b, c]: readonly Node[]): Promise<void> {
  if (!a || !b || !c) throw new Error('three nodes')
  for (const node of [b, c]) await node.outbound.send('\x01table/A/')
  for (const node of [b, c]) await node.outbound.send(`\x01reply/${node.name}/`)
  for (const node of [b, c]) await node.outbound.send(`request of ${node.name}`)
  await eventually('requests to come up', () =>
    ['b', 'c'].every((name) => a.asked.includes(`request of ${name}`)),
  )
  const before = a.asked.slice(0, a.asked.indexOf('request of b'))
  expect(before).toContain('\x01table/A/')
  expect(before).toContain('\x01reply/b/')
  await a.exported.send('table/A/ one')
  await a.exported.send(['table/A/', ` two ${'x'.repeat(10_000)}`])
  await a.exported.send('reply/b/ three')
  await eventually(
    () => `updates to come: ${[b, c].map((node) => node.told(a.name)).join('; ')}`,
    () => b.heard.length >= 3 && c.heard.length >= 2,
  )
  const both = ['table/A/ one', `table/A/ two ${'x'.repeat(10_000)}`]
  expect([b.heard, c.heard, a.heard]).toEqual([[...both, 'reply/b/ three'], both, []])
}

test('three nodes of one machine hear each other by the group', async () => {
  const nodes = await threeNodes()
  await updatesArrive(nodes)
  const [a] = nodes as [Node]
  await a.links.close('b')
  await a.links.close('b')
  const closed = a.events.flatMap((event) =>
    event.type === 'link' && event.state === 'closed' ? event.node : [],
  )
  expect(closed).toEqual(['b'])
  await a.exported.send('table/A/ four')
  await eventually('the update to come', () => nodes[2]?.heard.length === 3)
})

test('the links of a node tell how its datagrams come and go', async () => {
  const nodes = await threeNodes()
  const [a, b] = nodes as [Node, Node]
  await updatesArrive(nodes)
  const of = (node: Node) => node.links.states(systemClock.now())
  const comes = () => of(b).links.find(({ node }) => node === 'a')
  await eventually('b to hear a by the group', () => comes()?.reception?.way === 'group')
  const at = `${a.address}:${a.port}`
  expect(comes()).toMatchObject({ by: 'multicast', state: 'connected', at })
  expect(comes()?.reception).toMatchObject({ skipped: 0, lostShare: null })
  expect(comes()?.reception?.heard).toBeGreaterThan(0)
  const { group } = of(a)
  const said = {
    at: `239.192.84.73:${groupPort}`,
    from: a.address,
    datagramBytes: 1_400,
    unsent: 0,
  }
  expect(group).toMatchObject(said)
  expect(group?.sent).toBeGreaterThan(0)
  expect(group?.sentBytes).toBeGreaterThan(10_000)
  expect(group?.receiveBuffer).toBeGreaterThan(0)
})

test('Z7: with keys the channel and the ends of the bus have them, and who has none is put out', async () => {
  await access.close()
  keys = Keys.of({ file: '', ring: [newKeyPair()] })
  access = await AccessList.open(undefined, keys)
  access.load(['127.0.0.0/8'])
  const nodes = await threeNodes()
  await updatesArrive(nodes)
  const [a] = nodes as [Node]
  const stranger = new Dealer({ linger: 0 })
  open.push(() => stranger.close())
  // Now and then it ends the connection itself before `a` has seen why: so it comes again, as who belongs to us does.
  const monitor = new ConnectionMonitor(stranger, systemClock, {
    dead: (endpoint) => {
      stranger.disconnect(endpoint)
      monitor.connect(endpoint)
    },
  })
  open.push(() => monitor.close())
  monitor.connect(`tcp://${a.address}:${a.port}`)
  await eventually('the stranger to be put out', () => a.misfits.includes('no key'))
})

test('a channel whose other end has gone is shown as not connected', async () => {
  const [a, b] = (await threeNodes()) as [Node, Node]
  const state = () =>
    a.links.states(systemClock.now()).links.find(({ node }) => node === 'b')?.state
  await eventually('the channel to stand', () => state() === 'connected')
  await b.links.closeAll()
  await eventually('the channel to have ended', () => state() === 'connecting')
})

test('where the group cannot be joined the channel carries all, and it is told', async () => {
  const nodes = await threeNodes('wlan7')
  await updatesArrive(nodes)
  expect(nodes[0]?.events).toContainEqual(
    expect.objectContaining({
      message: expect.stringContaining('updates go by TCP alone') as string,
    }),
  )
  const { group, links } = (nodes[1] as Node).links.states(systemClock.now())
  expect(group).toMatchObject({ from: null, receiveBuffer: 0, overrun: null })
  expect(links.find(({ node }) => node === 'a')?.reception?.way).toBe('channel')
})

test('a port that is taken is named, and nothing is left open', async () => {
  const [address = ''] = nodeAddresses(1)
  const [port = 0] = await freePorts(address, 1)
  const first = new Node('a', address, port)
  await first.begin()
  const second = new Node('b', address, port)
  await expect(second.begin()).rejects.toThrow(/TidingsRelayPort/)
  await first.links.closeAll()
  const third = new Node('c', address, port)
  await third.begin()
})

test('D12: a link is not made anew before it has had its time', async () => {
  const [a] = (await threeNodes()) as [Node]
  const now = systemClock.now()
  expect(a.links.renew('nobody', now)).toBe(false)
  expect(a.links.renew('b', now + 30_000)).toBe(true)
  expect(a.links.renew('b', now + 30_001)).toBe(false)
  await eventually('the channel to stand again', () => {
    const states = a.events.flatMap((event) =>
      event.type === 'link' && event.node === 'b' ? event.state : [],
    )
    return states.indexOf('connected', states.indexOf('renewed')) >= 0
  })
})
