// Hosts of the definition whose names resolve otherwise later, as those of pods that are made anew.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { NameService } from '../harness/name-server.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isolated = available('hosts that move', 'network')

/** Nodes that know each other by DNS alone. */
async function byName(count: number) {
  const { machines } = new Network(count)
  const service = new NameService()
  for (const machine of machines) await service.serve(machine)
  const answer = (more: Readonly<Record<string, readonly string[]>> = {}) =>
    service.answer({
      ...Object.fromEntries(machines.map(({ name, address }) => [name, [address]])),
      ...more,
    })
  answer()
  const cluster = await TestCluster.reserve('proxy+relay', count, { machines })
  return { machines, cluster, service, answer }
}

it.runIf(isolated)('a node that is made anew at another address is found there', async () => {
  const { machines, cluster, answer } = await byName(2)
  const [, moving] = machines as [Machine, Machine]
  await Promise.all(cluster.nodes.map((node) => node.start()))
  const publisher = await cluster.open('PUBLISHER', {}, 0)
  const before = await cluster.open('BEFORE', {}, 1)
  await before.subscribe('*')
  await publisher.publish(100)
  await before.receives({ process: 'PUBLISHER', updates: 100 })
  await before.close()
  await cluster.node(1).end('SIGTERM')
  moving.move('10.77.0.22')
  answer()
  await cluster.node(1).start()
  const node = cluster.node(0).child
  await node.says(/host "m2" has moved from 10\.77\.0\.2 to 10\.77\.0\.22/)
  const after = await cluster.open('AFTER', {}, 1)
  await after.subscribe('*')
  await publisher.publish(100)
  const { losses } = await after.receives({ process: 'PUBLISHER', updates: 100 })
  expect(losses).toEqual([])
  const { nodes } = await cluster.snapshot(0)
  expect(nodes.find(({ name }) => name === 'm2')).toMatchObject({
    address: '10.77.0.22',
    state: 'alive',
  })
})

it.runIf(isolated)(
  'a node is found at one of several addresses of its name, though nobody is at the first',
  async () => {
    const { cluster, answer } = await byName(2)
    answer({ m2: ['10.77.0.99', '10.77.0.2'] })
    await cluster.node(1).start()
    await cluster.node(0).start()
    const publisher = await cluster.open('PUBLISHER', {}, 1)
    await cluster.node(0).child.says(/node m2 is alive/)
    const subscriber = await cluster.open('SUBSCRIBER', {}, 0)
    await subscriber.subscribe('*')
    await publisher.publish(100)
    await subscriber.receives({ process: 'PUBLISHER', updates: 100 })
  },
)

it.runIf(isolated)(
  'a process opens once the name of its own host has an address, though the name service was silent before',
  async () => {
    const { machines, cluster, service, answer } = await byName(2)
    const [, own] = machines as [Machine, Machine]
    await Promise.all(cluster.nodes.map((node) => node.start()))
    service.fallSilent()
    const before = service.unanswered(own)
    const opening = cluster.open('SUBSCRIBER', { clusterTimeoutMs: 60_000 }, 1)
    // Of one look-up, and those of GENESIS_CLUSTER meanwhile, it is asked eight times at most.
    await eventually('the name is asked for again', () => service.unanswered(own) >= before + 12)
    answer()
    const subscriber = await opening
    await subscriber.subscribe('*')
    const publisher = await cluster.open('PUBLISHER', {}, 0)
    await publisher.publish(100)
    await subscriber.receives({ process: 'PUBLISHER', updates: 100 })
  },
)

it.runIf(isolated)(
  'a process that finds no GENESIS_CLUSTER, nor the address of its own host, says so',
  async () => {
    const { cluster, service } = await byName(2)
    service.fallSilent()
    const { code, log } = await cluster.run(['mon', '--json'], '', 1)
    expect(code).not.toBe(0)
    expect(log).toContain('the name of this host, "m2", has no address (')
  },
)
