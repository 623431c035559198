// Two machines that cannot reach each other for a while: what was published meanwhile arrives, whole and in order.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

const updates = 500

endProcessesAfterEach()

it.runIf(available('two machines', 'network', 'nft'))(
  'what is published while two machines are cut off arrives when they are not any more',
  async () => {
    const network = new Network(2)
    const { machines } = network
    const cluster = await TestCluster.start('proxy+relay', 2, { machines })
    const publisher = await cluster.open('PUBLISHER', {}, 0)
    const subscriber = await cluster.open('SUBSCRIBER', {}, 1)
    await subscriber.subscribe('*')
    await publisher.publish(updates)
    await subscriber.receives({ process: 'PUBLISHER', updates })
    network.cut(network.machine(0), network.machine(1))
    // Its flush ends when the subscriber is given up: the partition lasts as long as that.
    await publisher.publish(updates)
    expect((await subscriber.report()).received).toBe(updates)
    for (const machine of machines) machine.heal()
    const { streams } = await subscriber.receives({ process: 'PUBLISHER', updates: 2 * updates })
    const right = { missing: 0, wrong: 0, duplicates: 0, outOfOrder: 0 }
    for (const stream of streams) expect(stream).toMatchObject(right)
  },
)
