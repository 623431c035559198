// What a script publishes reaches whoever subscribed before it began, ready or not, and `confirmed` is said of what was taken.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it.each(['mesh', 'proxy'] as const)(
  'a script that publishes while a subscription waits for a process that is not there any more (%s)',
  async (shape) => {
    const cluster = await TestCluster.start(shape, 1)
    const killed = await cluster.open('KILLED')
    await cluster.node().end('SIGKILL')
    await killed.child.end('SIGKILL')
    // It finds KILLED in its file, and is not settled until that could have come back.
    await cluster.node().start()
    const subscriber = await cluster.open('SUBSCRIBER')
    await subscriber.subscribe(['TRADE', 'POSITION'], { atOnce: true })
    const script = await cluster.open('SCRIPT', { script: 'SCRIPT', drainMs: 60_000 })
    expect((await script.publish(3)).missing).toBe(0)
    expect(await subscriber.receives({ updates: 3 })).toMatchObject({ losses: [] })
  },
)
