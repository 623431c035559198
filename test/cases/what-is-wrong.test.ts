// `tidings mon` begins with what is wrong in a cluster.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('says that nothing is, then who is slow, who has lost what, and which node is gone', async () => {
  const cluster = await TestCluster.start('mesh+relay', 2)
  const [, far] = cluster.nodes.map(({ host }) => host)
  const first = async (...words: string[]): Promise<string> => {
    const { output } = await cluster.run(['mon', ...words])
    return output.split('\n\n')[1] ?? ''
  }
  const publisher = await cluster.open('PUBLISHER')
  const slow = await cluster.open('SLOW', {}, 1)
  const fast = await cluster.open('FAST')
  await slow.subscribe('*', { asleep: true })
  await fast.subscribe('*')
  await eventually('all is well', async () =>
    /^nothing is wrong: 2 nodes, \d+ processes/.test(await first()),
  )
  await publisher.publish(10)
  await eventually('who is slow is told', async () =>
    new RegExp(`^SLOW on ${far} is slow: what it takes next is \\d+ s old$`, 'm').test(await first()),
  )
  const sorted = await cluster.run(['mon', '--sort', 'lag', '--json'])
  const { nodes } = JSON.parse(sorted.output) as Awaited<ReturnType<typeof cluster.snapshot>>
  expect(nodes.find(({ name }) => name === far)?.processes[0]).toMatchObject({
    name: 'SLOW',
    health: { ready: true, losses: 0 },
  })
  await slow.wake()
  await eventually('nobody is slow any more', async () => !(await first()).includes('is slow'))
  await publisher.child.end('SIGKILL')
  await eventually('the loss is told', async () =>
    /^FAST on \S+ was told \d+ loss(es)?, the last one \d+ s ago$/m.test(await first()),
  )
  await cluster.node(1).end('SIGKILL')
  await eventually('the node is told first', async () =>
    (await first('--status', 'DOWN')).startsWith(`node ${far} (${far}) is not heard any more`),
  )
})
