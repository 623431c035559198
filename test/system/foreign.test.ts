import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available, python } from '../harness/tools.ts'
import { isAsPublished } from './processes/trades.ts'
import type { TradeRecord } from './processes/trades.ts'

const commits = 200
const updates = 2_000

endProcessesAfterEach()

const hasPython = available('programs that are not ours', 'python')

/** The updates that the program publishes, in order. */
function expectedForeign(): object[] {
  return Array.from({ length: commits }, (_, index) => index + 1).flatMap((number) => [
    { N: number },
    ...(number % 10 === 0 ? [{ N: -number }] : []),
  ])
}

interface PrintedUpdate {
  readonly table: 'TRADE' | 'POSITION'
  readonly sequence: number
  readonly record: Omit<TradeRecord, 'QUANTITY'> & { readonly QUANTITY: { $int64: string } }
}

/** The updates that were printed of each table are those that PUBLISHER published. */
function expectPrinted(output: string): void {
  const printed = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PrintedUpdate)
  expect(printed).toHaveLength(updates)
  const last = { TRADE: 0, POSITION: 0 }
  for (const { table, sequence, record } of printed) {
    last[table] += 1
    const { NUMBER, PUBLISHER } = record
    const expected = { sequence: last[table], NUMBER: last[table], PUBLISHER: 'PUBLISHER' }
    expect({ sequence, NUMBER, PUBLISHER }).toEqual(expected)
    const quantity = BigInt(record.QUANTITY.$int64)
    expect(isAsPublished({ ...record, QUANTITY: quantity }), JSON.stringify(record)).toBe(true)
  }
}

it.runIf(hasPython)('a Python program publishes to us and reads what we publish', async () => {
  const cluster = await TestCluster.start('proxy')
  const { host } = cluster.node()
  const publisher = await cluster.open('PUBLISHER')
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe('*')
  const program = new Child({
    name: 'foreign.py',
    program: python() ?? '',
    arguments: [
      join(import.meta.dirname, 'processes', 'foreign.py'),
      `tcp://${host}:${cluster.ports.inbound}`,
      `tcp://${host}:${cluster.ports.outbound}`,
      String(commits),
      String(updates),
    ],
    ipc: false,
    keepsOutput: true,
  })
  await program.says(/^ready$/m)
  await publisher.publish(updates)
  expect(await program.ended).toEqual({ code: 0, signal: null })
  expectPrinted(program.output)
  const foreign = async () =>
    (await subscriber.report()).foreign.filter(({ table }) => table === 'FOREIGN')
  const expected = expectedForeign()
  const isHere = async () => (await foreign()).length >= expected.length
  await eventually('all foreign updates are here', isHere)
  expect((await foreign()).map(({ record }) => record)).toEqual(expected)
  expect((await foreign()).map(({ sequence }) => sequence)).toEqual(expected.map((_, n) => n + 1))
})
