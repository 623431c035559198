// What a newcomer does wrong first, and whether the error says what to do.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'

endProcessesAfterEach()

it('publish --updates refuses a field that an update does not have, and takes what tail prints', async () => {
  const cluster = await TestCluster.start('mesh')
  const wrong = '{"knid":"delete","record":{"ID":1}}'
  const refused = await cluster.run(['publish', 'A', '--updates', wrong])
  expect(refused.code).toBe(2)
  expect(refused.log).toContain('an update has no field "knid"; did you mean "kind"?')
  const tail = cluster.command(['tail', 'A', '--count', '2'])
  await tail.says(/^ready$/m)
  const right = '{"kind":"modify","record":{"ID":1},"version":7}'
  expect(await cluster.run(['publish', 'A', '--updates', right])).toMatchObject({ code: 0 })
  await tail.until('a line', () => tail.output.includes('\n'))
  const [line = ''] = tail.output.split('\n')
  expect(await cluster.run(['publish', '--updates'], line)).toMatchObject({ code: 0 })
  await tail.ended
  const lines = tail.output.trim().split('\n')
  expect(lines.map((each) => JSON.parse(each) as object)).toMatchObject([
    { table: 'A', kind: 'modify', record: { ID: 1 }, version: 7 },
    { table: 'A', kind: 'modify', record: { ID: 1 }, version: 7 },
  ])
})

it('a second GENESIS_CLUSTER of a node is told who has its port, and what to do', async () => {
  const cluster = await TestCluster.start('mesh')
  const second = cluster.command(['cluster'])
  expect(await second.ended).toMatchObject({ code: 4 })
  expect(second.log).toMatch(/is taken by .*\(pid \d+\): end what has it, perhaps another/)
})

it('a process with another definition than GENESIS_CLUSTER is told that it does answer, elsewhere', async () => {
  const cluster = await TestCluster.start('mesh')
  const definition = `${cluster.definition}.other.kts`
  const text = readFileSync(cluster.definition, 'utf8')
  const port = /Outbound[^0-9]*(\d+)/.exec(text)?.[1] ?? ''
  expect(port).not.toBe('')
  // Nobody listens at port 1.
  writeFileSync(definition, text.replace(port, '1'))
  const opening = openUpdateQueue({
    process: 'A',
    definition,
    host: cluster.node().host,
    clusterTimeoutMs: 1_000,
  })
  await expect(opening).rejects.toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    message: expect.stringMatching(/answers at .*, but did not answer at .*:1 .*`tidings check`/),
  })
})

it('behind a wrong option stands the help that has the right ones', async () => {
  const cluster = await TestCluster.start('mesh')
  const refused = await cluster.run(['tail', '--cuont', '1'])
  expect(refused.log).toContain('(tidings tail --help tells more)')
})
