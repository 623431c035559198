// Three machines linked by multicast, on networks that lose, block or shorten its datagrams: all updates arrive, once and
// in order, while more are published.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import type { Items } from '../harness/definition-file.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

const perSecond = 5_000
/** As long as GENESIS_CLUSTER looks at what came before it says how much was lost: 10 s. */
const updates = 10 * perSecond

const networks = available('machines linked by multicast', 'network', 'nft')

/** Of the datagrams that come in; TCP goes on. */
const udp = 'meta l4proto udp'

endProcessesAfterEach()

interface StageOptions {
  /** Done to each machine from the beginning. */
  readonly fault?: (machine: Machine) => void
  readonly items?: Items
  readonly env?: Readonly<Record<string, string>>
}

async function start({ fault, items, env }: StageOptions = {}) {
  const { machines } = new Network(3)
  for (const machine of machines) fault?.(machine)
  const stage = { machines, ...(items && { items }) }
  const cluster = await TestCluster.reserve('mesh+multicast', 3, stage)
  await Promise.all(cluster.nodes.map((node) => node.start(env)))
  const publisher = await cluster.open('PUBLISHER', {}, 0)
  const subscribers = await Promise.all([1, 2].map((node) => cluster.open('SUBSCRIBER', {}, node)))
  await Promise.all(subscribers.map((each) => each.subscribe('*')))
  return { cluster, machines, publisher, subscribers }
}

/** While more is published, all of before comes. At which rate is a matter of the simulated clock, and of a quiet machine. */
async function keepsUp(publisher: Application, subscribers: readonly Application[]) {
  await publisher.load({ perSecond })
  await publisher.publishes(updates)
  const published = await publisher.published()
  await Promise.all(subscribers.map((each) => each.reaches(published)))
}

/** Also of what is published as fast as the machine can. */
async function nothingIsMissing(publisher: Application, subscribers: readonly Application[]) {
  await publisher.stop()
  await publisher.publish(2 * perSecond)
  const { TRADE, POSITION } = await publisher.published()
  for (const subscriber of subscribers) {
    const report = await subscriber.receives({ process: 'PUBLISHER', updates: TRADE + POSITION })
    expect(report.losses).toEqual([])
    const right = { first: 1, missing: 0, wrong: 0, duplicates: 0, outOfOrder: 0 }
    for (const stream of report.streams) expect(stream).toMatchObject(right)
  }
}

it.runIf(networks).each([0, 1, 5, 20])(
  'where %s of 100 datagrams are lost, all updates arrive while more are published',
  async (lost) => {
    const { cluster, publisher, subscribers } = await start({
      fault: (machine) => machine.rule(`${udp} numgen random mod 100 < ${lost} drop`),
    })
    await keepsUp(publisher, subscribers)
    await nothingIsMissing(publisher, subscribers)
    const { child } = cluster.node(1)
    if (lost > 1) await child.says(/% of the datagrams of m1 did not come/)
    expect(child.log).not.toContain('do not come by multicast')
  },
)

it.runIf(networks)(
  'where the group is blocked updates go by TCP, and the log says so',
  async () => {
    const { cluster, publisher, subscribers } = await start({
      fault: (machine) => machine.rule(`${udp} drop`),
    })
    await keepsUp(publisher, subscribers)
    await nothingIsMissing(publisher, subscribers)
    await cluster
      .node(1)
      .child.says(/datagrams of m1 do not come by multicast.*ZeroMQProxyUnicastRelayEnabled/)
  },
)

it.runIf(networks)(
  'where a network carries smaller datagrams alone, the others go by TCP',
  async () => {
    const { cluster, publisher, subscribers } = await start({
      fault: (machine) => {
        if (machine.name !== 'm2') return
        machine.run('ip', 'link', 'set', 'eth0', 'mtu', '1300')
      },
    })
    await keepsUp(publisher, subscribers)
    await nothingIsMissing(publisher, subscribers)
    await cluster
      .node(1)
      .child.says(/% of the datagrams of m1 did not.*TidingsMulticastDatagramBytes/)
  },
)

it.runIf(networks)(
  'the doctor says which length a network carries, before updates need it',
  async () => {
    const { machines } = new Network(2)
    machines[1]?.run('ip', 'link', 'set', 'eth0', 'mtu', '1300')
    const cluster = await TestCluster.start('mesh+multicast', 2, { machines })
    const output = await eventually('the doctor says so', async () => {
      const examined = await cluster.run(['doctor'])
      return examined.output.includes('datagrams of m1 of more than') ? examined.output : null
    })
    expect(output).toContain('datagrams of m1 of more than 1200 bytes do not come to m2')
    expect(output).toContain('or set TidingsMulticastDatagramBytes to 1200')
    expect(output).not.toContain('datagrams of m2')
  },
)

it.runIf(networks)('where little room is for datagrams that wait, the log says so', async () => {
  // The system doubles what is asked of it: what it gives without being asked.
  const { cluster, publisher, subscribers } = await start({
    env: { TIDINGS_RECEIVE_BUFFER: '106496' },
  })
  await keepsUp(publisher, subscribers)
  await nothingIsMissing(publisher, subscribers)
  await cluster.node(1).child.says(/the system gives 212992 bytes.*net.core.rmem_max=4194304/)
})

it.runIf(networks)('a group of IPv6 does the same', async () => {
  const { cluster, publisher, subscribers } = await start({
    items: { TidingsMulticastGroup: 'ff15::5449' },
    fault: (machine) => machine.rule('ip6 daddr ff15::5449 numgen random mod 100 < 5 drop'),
  })
  await keepsUp(publisher, subscribers)
  await nothingIsMissing(publisher, subscribers)
  await cluster.node(1).child.says(/% of the datagrams of m1 did not come/)
})

it.runIf(networks)('where the group cannot be joined updates go by TCP', async () => {
  const { cluster, publisher, subscribers } = await start({
    items: { TidingsMulticastInterface: 'wlan7' },
  })
  await keepsUp(publisher, subscribers)
  await nothingIsMissing(publisher, subscribers)
  await cluster.node(1).child.says(/cannot be used, updates go by TCP alone: .* wlan7/)
})

it.runIf(networks)(
  'while datagrams are lost, a machine is cut off and GENESIS_CLUSTER of another one is killed: all updates arrive',
  async () => {
    const { cluster, machines, publisher, subscribers } = await start({
      fault: (machine) => machine.rule(`${udp} numgen random mod 100 < 5 drop`),
    })
    const [first, second] = machines as [Machine, Machine]
    await publisher.load({ perSecond: 1_000 })
    await publisher.publishes(2_000)
    second.rule(`ip saddr ${first.address} drop`)
    first.rule(`ip saddr ${second.address} drop`)
    await cluster.node(2).end('SIGKILL')
    await publisher.publishes(4_000)
    await cluster.node(2).start()
    await publisher.publishes(6_000)
    for (const machine of [first, second]) machine.heal()
    await publisher.publishes(9_000)
    await nothingIsMissing(publisher, subscribers)
  },
)
