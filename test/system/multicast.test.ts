// Three machines linked by multicast, on networks that lose, block or shorten its datagrams: all updates arrive, once and
// in order, as fast as they are published.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import type { Items } from '../harness/definition-file.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

const perSecond = 5_000
const updates = 10 * perSecond

/** Of what was published in a while, so much has been delivered in it, too. */
const leastShare = 0.9

const networks = available('machines linked by multicast', 'network', 'nft')

endProcessesAfterEach()

/** A cluster of three machines, whose datagrams meet with `fault` from the beginning. */
async function start(fault: (machine: Machine) => void, items: Items = {}) {
  const { machines } = new Network(3)
  for (const machine of machines) fault(machine)
  const cluster = await TestCluster.start('mesh+multicast', 3, { machines, items })
  const publisher = await cluster.open('PUBLISHER', {}, 0)
  const subscribers = await Promise.all([1, 2].map((node) => cluster.open('SUBSCRIBER', {}, node)))
  await Promise.all(subscribers.map((each) => each.subscribe('*')))
  return { cluster, machines, publisher, subscribers }
}

/** While `from` to `to` updates are published, as many come. */
async function keepsUp(publisher: Application, subscribers: readonly Application[]) {
  const begun = await publisher.publishes(updates / 5)
  const before = await Promise.all(subscribers.map((each) => each.progress()))
  const { published } = await publisher.publishes(updates)
  const after = await Promise.all(subscribers.map((each) => each.progress()))
  return after.map(
    ({ received }, place) =>
      (received - (before[place]?.received ?? 0)) / (published - begun.published),
  )
}

async function nothingIsMissing(publisher: Application, subscribers: readonly Application[]) {
  const { TRADE, POSITION } = await publisher.stop()
  for (const subscriber of subscribers) {
    const report = await subscriber.receives({ process: 'PUBLISHER', updates: TRADE + POSITION })
    expect(report.losses).toEqual([])
    const right = { first: 1, missing: 0, wrong: 0, duplicates: 0, outOfOrder: 0 }
    for (const stream of report.streams) expect(stream).toMatchObject(right)
  }
}

it.runIf(networks).each([0, 1, 5, 20])(
  'where %i %% of the datagrams are lost, all updates arrive as fast as they are published',
  async (percent) => {
    const { cluster, publisher, subscribers } = await start((machine) =>
      machine.rule(`meta l4proto udp numgen random mod 100 < ${percent} drop`),
    )
    await publisher.load({ perSecond })
    const shares = await keepsUp(publisher, subscribers)
    console.log(percent, shares)
    expect(Math.min(...shares)).toBeGreaterThan(leastShare)
    await nothingIsMissing(publisher, subscribers)
    if (percent > 1) await cluster.node(1).child.says(/% of the datagrams of m1 did not come/)
    if (percent <= 1) expect(cluster.node(1).child.log).not.toContain('do not come by multicast')
  },
)

it.runIf(networks)(
  'where the group is blocked updates go by TCP, and the log says so',
  async () => {
    const { cluster, publisher, subscribers } = await start((machine) =>
      machine.rule('meta l4proto udp drop'),
    )
    await publisher.load({ perSecond })
    const shares = await keepsUp(publisher, subscribers)
    console.log('blocked', shares)
    expect(Math.min(...shares)).toBeGreaterThan(leastShare)
    await nothingIsMissing(publisher, subscribers)
    await cluster
      .node(1)
      .child.says(/datagrams of m1 do not come by multicast.*ZeroMQProxyUnicastRelayEnabled/)
  },
)
