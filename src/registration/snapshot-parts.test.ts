import { expect, test } from 'vitest'
import type { ClusterSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import { decodeClusterMessage, encodeClusterMessage } from './registration-message.ts'
import { SnapshotParts, partsOf, snapshotLimits } from './snapshot-parts.ts'

const process = (name: string, tables: number): ProcessSnapshot => ({
  name,
  pid: 1,
  status: 'HEALTHY',
  processPort: null,
  zeromqPort: null,
  connections: { processes: 0, outbound: 1, inbound: 1, export: 0 },
  tables: Array.from({ length: tables }, (_, n) => ({ table: `TABLE_${n}`, sequence: n })),
  rate: 1.5,
  version: null,
  health: null,
})

function snapshotOf(...nodes: ProcessSnapshot[][]): ClusterSnapshot {
  const named = nodes.map((processes, place) => ({
    name: `node-${place}`,
    address: null,
    state: 'alive' as const,
    wire: 2,
    link: 'relay' as const,
    refusal: null,
    clock: { wallClock: 1_000, withinMs: 0 },
    setup: { version: '1.0.0', keys: null, turnedAway: [] },
    processes,
    links: [],
    group: null,
    leftOut: null,
  }))
  return { system: null, node: 'node-0', mode: 'mesh', link: 'relay', nodes: named }
}

const many = (count: number, tables = 0, prefix = 'P') =>
  Array.from({ length: count }, (_, n) => process(`${prefix}${n}`, tables))

/** What arrives where each part is a message. */
function throughMessages(snapshot: ClusterSnapshot): ClusterSnapshot | null {
  const parts = new SnapshotParts()
  let whole: ClusterSnapshot | null = null
  for (const part of partsOf(snapshot)) {
    expect(whole).toBeNull()
    const message = decodeClusterMessage(encodeClusterMessage({ type: 'snapshot', ...part }))
    if (message?.type !== 'snapshot') throw new Error('a part was not read')
    whole = parts.take(message)
  }
  return whole
}

test.each([
  ['a small cluster', snapshotOf(many(3, 2), many(1))],
  ['no process at all', snapshotOf([], [], [])],
  ['20,000 processes', snapshotOf([], many(12_000), many(8_000, 0, 'Q'))],
  ['seven processes of 4,096 tables', snapshotOf(many(7, 4_096))],
  ['a process of 60,000 tables between others', snapshotOf([...many(2), ...many(1, 60_000, 'Q')])],
])('%s comes back whole from parts that each fit a message', (_, snapshot) => {
  expect(throughMessages(snapshot)).toEqual(snapshot)
})

test('what no number of parts holds is left out, tables first, and said', () => {
  const tables = throughMessages(snapshotOf(many(2), many(60, 20_000)))
  expect(tables?.nodes.map(({ processes }) => processes.length)).toEqual([2, 60])
  expect(tables?.nodes[1]?.leftOut).toEqual({ processes: 0, tables: true })
  const rows = throughMessages(snapshotOf(many(10), many(100_000), many(5)))
  expect(partsOf(snapshotOf(many(100_000)))).toHaveLength(snapshotLimits.maxParts)
  for (const [place, all] of [10, 100_000, 5].entries()) {
    const node = rows?.nodes[place]
    expect((node?.processes.length ?? 0) + (node?.leftOut?.processes ?? 0)).toBe(all)
  }
  expect(rows?.nodes[1]?.processes.length).toBeGreaterThan(10_000)
})

test('sixty nodes with a link to each other come back whole, and each part fits a message', () => {
  const names = Array.from({ length: 60 }, (_, place) => `${'node-'.repeat(40)}${place}`)
  const at = { by: 'relay', state: 'connected', at: '10.0.0.2:6002', forMs: 1_000 } as const
  const rows = snapshotOf(...names.map(() => many(1_000))).nodes
  const nodes = rows.map((node, place) => ({
    ...node,
    name: names[place] ?? '',
    links: names.map((other) => ({ node: other, ...at, reception: null })),
  }))
  const snapshot = { ...snapshotOf(), nodes }
  expect(throughMessages(snapshot)).toEqual(snapshot)
})

test('a part that does not follow the one before is passed over, and the next answer is taken', () => {
  const [first, second, ...more] = partsOf(snapshotOf(many(10_000)))
  if (!first || !second || more.length === 0) throw new Error('too few parts')
  const parts = new SnapshotParts()
  expect(parts.take(second)).toBeNull()
  expect(parts.take(first)).toBeNull()
  expect(parts.take(more[0]!)).toBeNull()
  expect(parts.take(first)).toBeNull()
  const whole = [second, ...more].map((part) => parts.take(part)).at(-1)
  expect(whole?.nodes[0]?.processes).toHaveLength(10_000)
})
