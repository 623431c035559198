// Two machines with a long way between them: every answer takes 1.2 s. All arrives, once, also after the way was cut off,
// and nobody is told gone.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

/** An answer takes twice as long: more than a handshake of libzmq takes on one host a thousand times. */
const oneWayMs = 600
const updates = 4_000
const farAway = '127.0.0.77'

endProcessesAfterEach()

/** From here the other machine is `farAway`, where a proxy of this machine takes its time. */
async function putFarAway(here: Machine, there: Machine, ports: readonly number[]) {
  // It is reached by the first address, and comes from the second.
  here.hosts([
    `${here.address} ${here.name}`,
    `${farAway} ${there.name}`,
    `${there.address} ${there.name}`,
  ])
  const proxy = new Child({
    name: `the way from ${here.name} to ${there.name}`,
    arguments: [
      join(repository, 'test', 'harness', 'delaying-proxy.ts'),
      String(oneWayMs),
      farAway,
      there.address,
      ...ports.map(String),
    ],
    place: here.place,
    ipc: false,
  })
  for (const port of ports) await proxy.says(new RegExp(`ready ${port}`))
  return proxy
}

it.runIf(available('two machines far apart', 'network'))(
  'between machines whose answers take more than a second all updates arrive, and nothing is lost or told gone',
  async () => {
    const { machines } = new Network(2)
    const [near, far] = machines as [Machine, Machine]
    const cluster = await TestCluster.reserve('proxy+relay', 2, { machines })
    const ports = [cluster.ports.cluster, cluster.ports.relay]
    await putFarAway(near, far, ports)
    const way = await putFarAway(far, near, ports)
    await Promise.all(cluster.nodes.map((node) => node.start()))
    const publisher = await cluster.open('PUBLISHER', {}, 0)
    const subscriber = await cluster.open('SUBSCRIBER', {}, 1)
    await subscriber.subscribe('*')
    await publisher.publish(updates)
    await subscriber.receives({ process: 'PUBLISHER', updates })
    await publisher.load()
    await way.end('SIGKILL')
    const told = async (event: string): Promise<boolean> =>
      (await subscriber.report()).events.some(({ type }) => type === event)
    await eventually('the publisher to be missed', () => told('publisher-stalled'))
    await putFarAway(far, near, ports)
    await eventually('the publisher to be heard again', () => told('publisher-live'))
    const { TRADE, POSITION } = await publisher.stop()
    const all = TRADE + POSITION
    const report = await subscriber.receives({ process: 'PUBLISHER', updates: all })
    expect(report.losses).toEqual([])
    const right = { missing: 0, wrong: 0, duplicates: 0, outOfOrder: 0 }
    for (const stream of report.streams) expect(stream).toMatchObject(right)
  },
)
