// A node that cannot be reached when a subscription begins: the subscription is ready without it, says so, and is owed
// what is published there from then on, and nothing that ended before.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { eventually } from '../harness/eventually.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

const updates = 200

endProcessesAfterEach()

/** Publishes and ends; resolves when its node has taken note of the end. */
async function publishAndEnd(cluster: TestCluster, name: string, how: 'close' | 'SIGKILL') {
  const application = await cluster.open(name)
  await application.publish(1)
  if (how === 'close') await application.close()
  await application.child.end('SIGKILL')
  const { child } = cluster.node()
  const isNoted = () => child.log.includes(`process ${name} ended`)
  await eventually(`${name} has ended for its node`, isNoted)
  return application.incarnation
}

/** The open or exact losses that it was told, by incarnation. */
async function lossesOf(subscriber: Application): Promise<(string | undefined)[]> {
  const { losses } = await subscriber.report()
  return losses.map(({ publisher }) => publisher?.incarnation)
}

/** What `mon` on the other node shows. */
async function shownAs(cluster: TestCluster, name: string): Promise<string | undefined> {
  const { nodes } = await cluster.snapshot(1)
  return nodes.find((node) => node.name === name)?.state
}

it.runIf(available('two machines', 'network', 'nft')).each(['mesh+relay', 'proxy+relay'] as const)(
  'a node that is heard for the first time owes what was published since, and nothing that ended before (%s)',
  async (shape) => {
    const network = new Network(2)
    const { machines } = network
    network.cut(network.machine(0), network.machine(1))
    const cluster = await TestCluster.start(shape, 2, { machines })
    const publisher = await cluster.open('PUBLISHER')
    const endedBefore = await publishAndEnd(cluster, 'CLOSED_BEFORE', 'close')
    const killedBefore = await publishAndEnd(cluster, 'KILLED_BEFORE', 'SIGKILL')

    const subscriber = await cluster.open('SUBSCRIBER', {}, 1)
    await subscriber.subscribe('*')
    const away = cluster.node().host
    const { unreachable, events } = await subscriber.report()
    expect(unreachable).toEqual([away])
    expect(events).toContainEqual({ type: 'ready', tables: '*', unreachable: [away] })

    expect(await shownAs(cluster, away)).toBe('unreachable')

    const endedAfter = await publishAndEnd(cluster, 'CLOSED_AFTER', 'close')
    const killedAfter = await publishAndEnd(cluster, 'KILLED_AFTER', 'SIGKILL')
    await publisher.publish(updates)
    for (const machine of machines) machine.heal()

    const { streams } = await subscriber.receives({ process: 'PUBLISHER', updates })
    const right = { missing: 0, wrong: 0, duplicates: 0, outOfOrder: 0 }
    for (const stream of streams) expect(stream).toMatchObject(right)
    await eventually('what ended since is told lost', async () => {
      const told = await lossesOf(subscriber)
      return told.includes(endedAfter) && told.includes(killedAfter)
    })
    const told = await lossesOf(subscriber)
    expect(told).not.toContain(endedBefore)
    expect(told).not.toContain(killedBefore)
    expect(told).not.toContain(publisher.incarnation)
    expect(told).not.toContain(undefined)
    expect((await subscriber.report()).unreachable).toEqual([])
    expect(await shownAs(cluster, away)).toBe('alive')
  },
)
