import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('tail --for goes on for longer than a timer of Node can be set to', async () => {
  const cluster = await TestCluster.start('proxy')
  const tail = cluster.command(['tail', 'TRADE', '--for', '3000000', '--count', '1'])
  await tail.says(/^ready$/m)
  await cluster.run(['publish', 'TRADE'], '{"TRADE_ID":"T1"}\n')
  expect(await tail.ended).toEqual({ code: 0, signal: null })
  expect(JSON.parse(tail.output)).toMatchObject({ record: { TRADE_ID: 'T1' } })
})
