// Addresses of IPv6 wherever an address may stand.
import { expect, it } from 'vitest'
import { newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Shape } from '../harness/definition-file.ts'
import { NameService } from '../harness/name-server.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isolated = available('machines with addresses of IPv6', 'network')

/** One publisher and one subscriber, on the first node and on the last. */
async function carries(cluster: TestCluster, updates = 100): Promise<void> {
  const publisher = await cluster.open('PUBLISHER', {}, 0)
  const subscriber = await cluster.open('SUBSCRIBER', {}, cluster.nodes.length - 1)
  await subscriber.subscribe('*')
  await publisher.publish(updates)
  const { losses } = await subscriber.receives({ process: 'PUBLISHER', updates })
  expect(losses).toEqual([])
}

it.runIf(isolated).each<Shape>(['mesh', 'proxy'])('one node at ::1 (%s)', async (shape) => {
  const { machines } = new Network(1)
  const cluster = await TestCluster.reserve(shape, 1, { machines, hosts: ['::1'] })
  await cluster.node().start()
  await carries(cluster)
  const { nodes } = await cluster.snapshot()
  expect(nodes.map(({ name, address }) => [name, address])).toEqual([['::1', '::1']])
  expect((await cluster.run(['publish', 'TRADE', '{"TRADE_ID":"T1"}'])).code).toBe(0)
  const second = await cluster.run(['cluster'])
  expect(second.log).toMatch(/port \d+ \(.*\) at ::1 is taken by node \(pid \d+\)/)
  await cluster.node().end('SIGTERM')
  const { code, log } = await cluster.run(['mon', '--json'])
  expect(code).not.toBe(0)
  expect(log).toContain(`[::1]:${cluster.ports.registry}`)
})

it.runIf(isolated).each<Shape>(['mesh+relay', 'proxy+relay'])(
  'two machines that have IPv6 alone, by name and by address (%s)',
  async (shape) => {
    const { machines } = new Network(2, 'fd77::')
    const [first, second] = machines as [Machine, Machine]
    const hosts = shape === 'mesh+relay' ? [first.name, second.name] : ['fd77::1', '[FD77:0::2]']
    const cluster = await TestCluster.reserve(shape, 2, { machines, hosts })
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await carries(cluster)
    const log = cluster.node(0).child.log
    expect(log).toContain(`tcp://[fd77::2]:${cluster.ports.relay}`)
    expect(log).not.toContain('denied')
    expect(log).not.toContain('Warning')
  },
)

it.runIf(isolated)('two machines that have IPv6 alone, with keys', async () => {
  const { machines } = new Network(2, 'fd77::')
  const keys = [newKeyPair()]
  const stage = { machines, hosts: ['fd77::1', 'fd77::2'], keys }
  const cluster = await TestCluster.reserve('mesh+relay', 2, stage)
  await Promise.all(cluster.nodes.map((node) => node.start()))
  await carries(cluster)
  const [first, second] = machines as [Machine, Machine]
  const script = `const greeting = Buffer.alloc(64)
    greeting.write('\\xff\\0\\0\\0\\0\\0\\0\\0\\x01\\x7f\\x03\\x01NULL', 'latin1')
    require('net').connect(${cluster.ports.cluster}, '${first.address}').resume().write(greeting)
    setInterval(() => {}, 1000)`
  const stranger = cluster.spawn(['-e', script], second.place)
  await cluster
    .node()
    .child.says(/connections at tcp:\/\/\[fd77::1\]:\d+ were refused, \d+ so far: they have no key/)
  await stranger.end('SIGKILL')
})

it.runIf(isolated)('two machines that have IPv6 alone, by multicast', async () => {
  const { machines } = new Network(2, 'fd77::')
  const items = { TidingsMulticastGroup: 'ff15::5449' }
  const stage = { machines, hosts: ['fd77::1', 'fd77::2'], items }
  const cluster = await TestCluster.reserve('proxy+multicast', 2, stage)
  await Promise.all(cluster.nodes.map((node) => node.start()))
  await carries(cluster)
  const { log } = cluster.node(0).child
  expect(log).toContain(`channel [fd77::2]:${cluster.ports.relay}`)
  expect(log).not.toContain('by TCP')
})

it.runIf(isolated)('who is not in the definition is denied by his address of IPv6', async () => {
  const { machines } = new Network(2, 'fd77::')
  const [first, second] = machines as [Machine, Machine]
  const cluster = await TestCluster.reserve('proxy', 1, {
    machines: [first],
    hosts: ['fd77::1', 'fd77::9'],
  })
  await cluster.node().start()
  const script = `const { Dealer } = require('zeromq'); const dealer = new Dealer({ ipv6: true, linger: 0 })
    dealer.connect('tcp://[fd77::1]:${cluster.ports.cluster}')
    setInterval(() => dealer.closed, 1000)`
  const stranger = cluster.spawn(['-e', script], second.place)
  await cluster.node().child.says(/a connection from fd77::2 was denied/)
  await stranger.end('SIGKILL')
})

it.runIf(isolated)('a node of both families and one of IPv6 alone find each other', async () => {
  const { machines } = new Network(2, 'fd77::')
  const [both, one] = machines as [Machine, Machine]
  both.alsoHas('10.77.0.1')
  const service = new NameService()
  for (const machine of machines) await service.serve(machine)
  service.answer({ [both.name]: ['10.77.0.1', 'fd77::1'], [one.name]: ['fd77::2'] })
  const cluster = await TestCluster.reserve('mesh+relay', 2, { machines })
  await Promise.all(cluster.nodes.map((node) => node.start()))
  await carries(cluster)
})
