// The commands of people at a cluster that runs: what they print, and how they end.
import { describe, expect, it } from 'vitest'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'

const many = 50_000

/** The sign that colours begin with. */
const escape = String.fromCharCode(27)

endProcessesAfterEach()

const lines = (output: string): Record<string, unknown>[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const records = (output: string): unknown[] => lines(output).map(({ record }) => record)

/** A `tail` that has said that it is ready. */
async function readyTail(cluster: TestCluster, ...words: string[]): Promise<Child> {
  const child = cluster.command(['tail', ...words])
  await child.says(/^ready$/m)
  return child
}

describe('tail', () => {
  it('hints at the name of a table that no process of the cluster has published', async () => {
    const cluster = await TestCluster.start('mesh')
    const publisher = await cluster.open('PUBLISHER')
    await publisher.publish(1)
    const table = 'TRADE'
    await eventually('the roster has it', async () => {
      const { nodes } = await cluster.snapshot()
      return nodes.some(({ processes }) => processes.some(({ tables }) => tables.length > 0))
    })
    const tail = await readyTail(cluster, 'TRAED')
    const said = `^no process of the cluster has published TRAED so far; did you mean "${table}"\\?$`
    await tail.says(new RegExp(said, 'm'))
  })

  it('--count ends with 0 after so many updates and prints no more', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'TRADE', '--count', '2')
    expect(await cluster.run(['publish', 'TRADE'], '{"n":1}\n{"n":2}\n{"n":3}\n')).toMatchObject({
      code: 0,
    })
    expect(await tail.ended).toEqual({ code: 0, signal: null })
    expect(records(tail.output)).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('--for ends with 0, and with 1 where --count was not reached', async () => {
    const cluster = await TestCluster.start('mesh')
    expect(await cluster.run(['tail', '--for', '0.5'])).toMatchObject({ code: 0, output: '' })
    expect(await cluster.run(['tail', '--for', '0.5', '--count', '1'])).toMatchObject({ code: 1 })
  })

  it('ends with 0 at SIGINT, and when its reader goes away', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster)
    expect(await tail.end('SIGINT')).toEqual({ code: 0, signal: null })
    const unread = await readyTail(cluster)
    unread.process.stdout?.destroy()
    await cluster.run(['publish', 'TRADE'], '{"n":1}\n{"n":2}\n')
    await cluster.run(['publish', 'TRADE'], '{"n":3}\n')
    expect(await unread.ended).toEqual({ code: 0, signal: null })
  })

  it('prints bigints, bytes and times so that nothing of them is lost', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'TRADE', '--count', '1')
    const queue = await openUpdateQueue({
      script: 'values',
      definition: cluster.definition,
      host: cluster.node().host,
    })
    const record = {
      small: 9_007_199_254_740_991n,
      large: 9_007_199_254_740_993n,
      bytes: new Uint8Array([0, 255, 16]),
      at: new Date('2026-01-31T12:00:00.123Z'),
      none: null,
    }
    queue.publish({ table: 'TRADE', kind: 'modify', record, before: { small: 1n }, version: 7n })
    await queue.close()
    await tail.ended
    const [update] = lines(tail.output)
    expect(update).toMatchObject({
      table: 'TRADE',
      kind: 'modify',
      record: {
        small: 9_007_199_254_740_991,
        large: '9007199254740993',
        bytes: 'AP8Q',
        at: '2026-01-31T12:00:00.123Z',
        none: null,
      },
      before: { small: 1 },
      version: 7,
      publisher: { node: cluster.node().host, process: 'values' },
      sequence: 1,
      commit: 1,
    })
    const publishedAt = String(update?.['publishedAt'])
    expect(new Date(publishedAt).toISOString()).toBe(publishedAt)
  })

  it('says nothing but data on stdout, and uses no colours', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '1')
    await cluster.run(['publish', 'TRADE', '{"n":1}'])
    await tail.ended
    expect(tail.output.split('\n').length).toBe(2)
    const mon = await cluster.run(['mon'])
    const all = [tail.output, tail.log, mon.output, cluster.node().child.log]
    expect(all.filter((text) => text.includes(escape))).toEqual([])
    expect(mon.output).toContain('GENESIS_CLUSTER')
  })
})

describe('publish', () => {
  it('--updates takes the updates as its only word, too', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '1')
    const update = '{"table":"TRADE","kind":"delete","record":{"n":1}}'
    expect(await cluster.run(['publish', '--updates', update])).toMatchObject({ code: 0 })
    await tail.ended
    expect(lines(tail.output)).toMatchObject([{ table: 'TRADE', kind: 'delete', record: { n: 1 } }])
  })

  it('says that it looks for GENESIS_CLUSTER when it does not find it at once', async () => {
    const cluster = await TestCluster.reserve('mesh')
    const publishing = cluster.command(['publish', 'TRADE', '{"n":1}'])
    await publishing.says(/^looking for GENESIS_CLUSTER$/m)
    await cluster.node().start()
    expect(await publishing.ended).toEqual({ code: 0, signal: null })
    expect(publishing.log).toMatch(/^1 update, confirmed by 0 subscribers$/m)
  })

  it('names a bad line and sends nothing after it', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'TRADE')
    const bad = await cluster.run(['publish', 'TRADE'], '{"n":1}\n{"n":\n{"n":3}\n')
    expect(bad.code).toBe(2)
    expect(bad.log).toContain('stdin:2: not JSON')
    await cluster.run(['publish', 'TRADE', '{"n":4}'])
    await eventually('the last record', () => tail.output.includes('"n":4'))
    await tail.end('SIGINT')
    expect(records(tail.output)).toEqual([{ n: 1 }, { n: 4 }])
  })

  it('--updates: a line may be a reset, which tail prints as a loss', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '2')
    const input = [
      [{ record: { n: 1 } }, { kind: 'reset', reason: 'why', keys: [{ n: 2 }] }],
      { kind: 'reset', table: 'POSITION', reason: 'by hand' },
      { record: { n: 3 } },
    ]
    const text = input.map((line) => `${JSON.stringify(line)}\n`).join('')
    const published = await cluster.run(['publish', 'TRADE', '--updates'], text)
    expect(published.log).toMatch(/^4 updates, confirmed by 1 subscriber$/m)
    await tail.ended
    expect(lines(tail.output)).toMatchObject([
      { record: { n: 1 } },
      { loss: { table: 'TRADE', from: 2, to: 2, reason: 'reset', text: 'why', keys: [{ n: 2 }] } },
      { loss: { table: 'POSITION', from: 1, to: 1, reason: 'reset', text: 'by hand' } },
      { record: { n: 3 } },
    ])
    const wrong = await cluster.run(['publish', 'TRADE', '--updates', '{"kind":"reset"}'])
    expect(wrong.code).toBe(2)
    expect(wrong.log).toContain('RECORD: updates[0] of TRADE: a reset needs a reason')
  })

  it('--updates: a line is an update, or a commit of several', async () => {
    const cluster = await TestCluster.start('proxy')
    const tail = await readyTail(cluster, '--count', '4')
    const input = [
      { kind: 'modify', record: { n: 2 }, before: { n: 1 }, version: '9007199254740993' },
      [
        { table: 'TRADE', kind: 'insert', record: { n: 3 } },
        { table: 'POSITION', kind: 'delete', record: { n: 4 } },
      ],
      { record: { n: 5 } },
    ]
    const text = input.map((line) => `${JSON.stringify(line)}\n`).join('')
    const published = await cluster.run(['publish', 'TRADE', '--updates'], text)
    expect(published.code).toBe(0)
    expect(published.log).toMatch(/^4 updates, confirmed by 1 subscriber$/m)
    await tail.ended
    const told = lines(tail.output).map(({ table, kind, record, before, version, commit }) => ({
      table,
      kind,
      record,
      before,
      version,
      commit,
    }))
    expect(told).toEqual([
      {
        table: 'TRADE',
        kind: 'modify',
        record: { n: 2 },
        before: { n: 1 },
        version: '9007199254740993',
        commit: 1,
      },
      { table: 'TRADE', kind: 'insert', record: { n: 3 }, commit: 2 },
      { table: 'POSITION', kind: 'delete', record: { n: 4 }, commit: 2 },
      { table: 'TRADE', kind: 'insert', record: { n: 5 }, commit: 3 },
    ])
  })
})

it('mon --json shows nodes and processes; --status filters', async () => {
  const cluster = await TestCluster.start('mesh')
  const snapshot = await cluster.snapshot()
  expect(snapshot).toMatchObject({
    system: 'TEST',
    node: cluster.node().host,
    mode: 'mesh',
    link: 'none',
    nodes: [
      {
        name: cluster.node().host,
        state: 'alive',
        processes: [{ name: 'GENESIS_CLUSTER' }, { name: 'GENESIS_CLUSTER/foreign' }],
      },
    ],
  })
  const { output } = await cluster.run(['mon', '--json', '--status', 'down'])
  expect(JSON.parse(output)).toMatchObject({ nodes: [{ processes: [] }] })
})

it('what is piped into tidings publish comes out of tidings tail, whole and in order', async () => {
  const cluster = await TestCluster.start('proxy')
  const tail = await readyTail(cluster, 'TRADE', '--count', String(many))
  const records = Array.from({ length: many }, (_, index) => ({
    TRADE_ID: `T${index + 1}`,
    PRICE: index / 4,
    NOTE: index % 10 === 0 ? 'Łódź' : 'Köln',
  }))
  const input = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const published = await cluster.run(['publish', 'TRADE', '-'], input)
  expect(published).toMatchObject({ code: 0, output: '' })
  expect(await tail.ended).toEqual({ code: 0, signal: null })
  const updates = lines(tail.output)
  expect(updates).toHaveLength(many)
  const wrong = updates.filter(({ sequence, record }, index) => {
    const expected = JSON.stringify(records[index])
    return sequence !== index + 1 || JSON.stringify(record) !== expected
  })
  expect(wrong).toEqual([])
})

it('a command ends with 3 where GENESIS_CLUSTER cannot be reached', async () => {
  const cluster = await TestCluster.reserve('mesh')
  const { code, output, log } = await cluster.run(['mon'])
  expect({ code, output }).toEqual({ code: 3, output: '' })
  expect(log).toContain(`${cluster.node().host}:${cluster.ports.registry}`)
  expect(log).toContain('[CLUSTER_UNREACHABLE]')
})
