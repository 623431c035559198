import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { TestCluster } from '../harness/test-cluster.ts'

const lines = 50_000

endProcessesAfterEach()

it('what is piped into tidings publish comes out of tidings tail, whole and in order', async () => {
  const cluster = await TestCluster.start('proxy')
  const tail = cluster.command(['tail', 'TRADE', '--count', String(lines)])
  await tail.says(/^ready$/m)
  const records = Array.from({ length: lines }, (_, index) => ({
    TRADE_ID: `T${index + 1}`,
    PRICE: index / 4,
    NOTE: index % 10 === 0 ? 'Łódź' : 'Köln',
  }))
  const input = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const published = await cluster.run(['publish', 'TRADE', '-'], input)
  expect(published).toMatchObject({ code: 0, output: '' })
  expect(await tail.ended).toEqual({ code: 0, signal: null })
  const updates = tail.output.trimEnd().split('\n')
  expect(updates).toHaveLength(lines)
  const wrong = updates
    .map((line) => JSON.parse(line) as { sequence: number; record: object })
    .filter(({ sequence, record }, index) => {
      const expected = JSON.stringify(records[index])
      return sequence !== index + 1 || JSON.stringify(record) !== expected
    })
  expect(wrong).toEqual([])
})

it('a bad line is named by its number, and nothing after it is sent', async () => {
  const cluster = await TestCluster.start('mesh')
  const tail = cluster.command(['tail', '--count', '2'])
  await tail.says(/^ready$/m)
  const published = await cluster.run(['publish', 'TRADE'], '{"A":1}\n{"A":2}\n{"A":\n{"A":4}\n')
  expect(published.code).toBe(2)
  expect(published.log).toContain('stdin:3')
  expect(await tail.ended).toEqual({ code: 0, signal: null })
  const records = tail.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(records).toMatchObject([{ record: { A: 1 } }, { record: { A: 2 } }])
})

it('a command ends with 3 where GENESIS_CLUSTER cannot be reached', async () => {
  const cluster = await TestCluster.reserve('mesh')
  const { code, output, log } = await cluster.run(['mon'])
  expect({ code, output }).toEqual({ code: 3, output: '' })
  expect(log).toContain(`${cluster.node().host}:${cluster.ports.registry}`)
  expect(log).toContain('[CLUSTER_UNREACHABLE]')
})
