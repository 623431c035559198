// The main promise with real processes, through mesh, proxy and relay: the one test of whole systems in `npm test`.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from './harness/after-each.ts'
import { eventually } from './harness/eventually.ts'
import { maxNodes } from './harness/loopback.ts'
import { TestCluster } from './harness/test-cluster.ts'
import { expectNothingWrong } from './system/judgement.ts'

const updates = 2_000

endProcessesAfterEach()

it.each(['mesh', 'proxy'] as const)(
  '%s, over two nodes: all is told once and in order, and what a killed process has not said is a loss',
  async (mode) => {
    const isRelayed = maxNodes > 1
    const cluster = await TestCluster.start(isRelayed ? `${mode}+relay` : mode, isRelayed ? 2 : 1)
    const far = isRelayed ? 1 : 0
    const publisher = await cluster.open('PUBLISHER')
    const subscribers = await Promise.all([cluster.open('NEAR'), cluster.open('FAR', {}, far)])
    await Promise.all(subscribers.map((subscriber) => subscriber.subscribe('*')))
    const told = await Promise.all([
      publisher.publish(updates),
      ...subscribers.map((subscriber) => subscriber.receives({ updates })),
    ])
    const [{ missing }, ...reports] = told
    expect(missing).toBe(0)
    for (const report of reports) {
      expectNothingWrong(report)
      expect(report).toMatchObject({ received: updates, losses: [] })
    }
    await publisher.child.end('SIGKILL')
    for (const subscriber of subscribers)
      await eventually('an open loss of its two tables', async () => {
        const { losses } = await subscriber.report()
        const open = losses.filter(({ reason, to }) => reason === 'gone' && to === null)
        return ['TRADE', 'POSITION'].every((name) => open.some(({ table }) => table === name))
      })
  },
)
