import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { NodeSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import { snapshotTable } from './snapshot-table.ts'
import { wrongLines } from './wrong-lines.ts'

/** No terminal: without colours. */
const stream = new PassThrough() as unknown as NodeJS.WriteStream

const processOf = (name: string): ProcessSnapshot => ({
  name,
  pid: 7,
  status: 'HEALTHY',
  processPort: null,
  zeromqPort: 20_001,
  connections: { processes: 2, outbound: 1, inbound: 0, export: 1 },
  tables: [{ table: 'TRADE', sequence: 12 }],
  rate: 1.4,
  version: null,
  health: { ready: true, waitingFor: [], lagSeconds: 2, losses: 7, lastLoss: null },
})

const alive: NodeSnapshot = {
  name: 'a',
  address: '127.0.0.2',
  state: 'alive',
  wire: null,
  link: null,
  refusal: null,
  clock: { wallClock: 1_000_000, withinMs: 0 },
  setup: null,
  processes: [processOf('WRITER')],
  links: [],
  group: null,
  leftOut: null,
}

const shown = (...nodes: NodeSnapshot[]) => {
  const snapshot = { system: 'PROD', node: 'a', mode: 'mesh', link: 'relay', nodes } as const
  return snapshotTable(snapshot, wrongLines(snapshot), stream)
}

test('a node and its processes', () => {
  expect(shown(alive)).toBe(`PROD · mesh · link relay

nothing is wrong: 1 node, 1 process, nothing lost within 10 min

a (127.0.0.2) alive
PROCESS  STATUS   PID  PORT  ZEROMQ  CONNECTIONS  RATE/S  LAG  LOSSES  LAST SEQUENCE
WRITER   HEALTHY  7    –     20001   2p 1o 0i 1e  1       2 s  7       TRADE 12`)
})

test('a node that was never heard has no address yet', () => {
  const text = shown({ ...alive, name: 'b', address: null, state: 'unreachable', processes: [] })
  expect(text).toContain('\nb (address not known) unreachable\n')
  expect(text).not.toContain('null')
})

test('what an answer had no room for is told under the node', () => {
  const last = (processes: number, tables: boolean) =>
    shown({ ...alive, leftOut: { processes, tables } })
      .split('\n')
      .slice(7)
  const more = 'not shown: there are more than one answer of GENESIS_CLUSTER may hold'
  expect(last(1200, true)).toEqual([
    `1200 more processes are ${more}`,
    `last sequences are ${more}`,
  ])
  expect(last(1, false)).toEqual([`one more process is ${more}`])
  expect(last(0, true)).toEqual([`last sequences are ${more}`])
})
