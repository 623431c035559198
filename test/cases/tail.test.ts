// What `tidings tail` says of itself while it runs.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('names the nodes without which it is ready, and says when they can be reached', async () => {
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  await cluster.node(0).start()
  const tail = cluster.command(['tail', 'A'])
  const { host } = cluster.node(1)
  await tail.says(new RegExp(`^ready, without ${host}: what is published there does not come`, 'm'))
  await cluster.node(1).start()
  await tail.says(new RegExp(`^${host} can be reached$`, 'm'))
})

it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 by %s before it is open', async (signal) => {
  const cluster = await TestCluster.reserve('mesh')
  const tail = cluster.command(['tail', 'A'])
  await tail.says(/looking for GENESIS_CLUSTER/)
  tail.signal(signal)
  expect(await tail.ended).toEqual({ code: 0, signal: null })
  expect(tail.log).not.toContain('error')
})

it("takes '*' for all tables, beside others too", async () => {
  const cluster = await TestCluster.start('mesh')
  const tail = cluster.command(['tail', 'A', '*', '--count', '1'])
  await tail.says(/^ready$/m)
  expect(await cluster.run(['publish', 'B', '{"b":1}'])).toMatchObject({ code: 0 })
  expect(await tail.ended).toMatchObject({ code: 0 })
  expect(tail.log).not.toContain('has published')
})
