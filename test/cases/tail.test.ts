// What `tidings tail` says of itself while it runs.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { read } from '../harness/pages.ts'
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

it('prints with --where the updates that pass, with --select their fields, and says how many it kept back', async () => {
  const cluster = await TestCluster.start('mesh')
  const words = [
    'tail',
    'TRADE',
    '--where',
    "SIDE = 'BUY' and PRICE >= 100",
    '--select',
    'ID,PRICE',
  ]
  const tail = cluster.command([...words, '--count', '2'])
  await tail.says(/^ready$/m)
  const records = [
    { ID: 'T1', SIDE: 'BUY', PRICE: 99 },
    { ID: 'T2', SIDE: 'BUY', PRICE: 100 },
    { ID: 'T3', SIDE: 'SELL', PRICE: 200 },
    { ID: 'T4', SIDE: 'BUY', PRICE: 300 },
  ]
  for (const record of records)
    expect(await cluster.run(['publish', 'TRADE', JSON.stringify(record)])).toMatchObject({
      code: 0,
    })
  expect(await tail.ended).toEqual({ code: 0, signal: null })
  const printed = tail.output.trimEnd().split('\n')
  expect(printed.map((line) => (JSON.parse(line) as { record: object }).record)).toEqual([
    { ID: 'T2', PRICE: 100 },
    { ID: 'T4', PRICE: 300 },
  ])
  expect(tail.log).toContain('2 updates kept back by --where')
})

it('refuses a condition with its place, before it looks for GENESIS_CLUSTER', async () => {
  const cluster = await TestCluster.reserve('mesh')
  const refused = await cluster.run(['tail', 'TRADE', '--where', 'PRICE >= null'])
  expect(refused.code).toBe(2)
  const [text = ''] = /^error: --where.*?\[USAGE\]$/ms.exec(refused.log) ?? []
  expect(read('docs/CLI.md')).toContain(`\n${text}\n`)
  const ofAll = await cluster.run(['tail', '--where', 'PRICE = 1'])
  expect(ofAll).toMatchObject({ code: 2 })
  expect(ofAll.log).toContain('--where needs a TABLE')
})
