import { expect, it } from 'vitest'
import { whisperVersion } from '../cluster/membership/peers.ts'
import { linkedSnapshot } from '../../test/harness/linked-snapshot.ts'
import { madeNode, madeProcess } from '../../test/harness/made-snapshots.ts'
import type { ClusterSnapshot, NodeSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import type { ProcessHealth, ToldLoss } from '../model/process-health.ts'
import { sortedSnapshot, type SortKey } from './sorted-snapshot.ts'
import { wrongLines } from './wrong-lines.ts'

const well: ProcessHealth = {
  ready: true,
  waitingFor: [],
  lagSeconds: 0,
  losses: 0,
  lastLoss: null,
}

const lostAt = (at: number, more: Partial<ToldLoss> = {}): ToldLoss => ({
  at,
  table: 'TRADE',
  publisher: 'P on b',
  from: 5,
  to: 9,
  reason: 'evicted',
  ...more,
})

const aProcess = (name: string, more: Partial<ProcessSnapshot> = {}) =>
  madeProcess(name, { health: well, ...more })

const aNode = (name: string, more: Partial<NodeSnapshot> = {}) =>
  madeNode(name, { wire: null, clock: { wallClock: 1_000_000, withinMs: 0 }, ...more })

const cluster = (...nodes: NodeSnapshot[]): ClusterSnapshot => ({
  system: null,
  node: 'a',
  mode: 'mesh',
  link: 'relay',
  nodes,
})

const linesOf = (...nodes: NodeSnapshot[]): readonly string[] => wrongLines(cluster(...nodes)).lines

it('where nothing is wrong one sentence says so', () => {
  const lost = { ...well, losses: 5, lastLoss: lostAt(399_999) }
  const processes = [
    aProcess('P', { health: lost }),
    aProcess('S'),
    aProcess('D', { status: 'DOWN' }),
  ]
  expect(wrongLines(cluster(aNode('a', { processes }), aNode('b')))).toEqual({
    isWell: true,
    lines: ['nothing is wrong: 2 nodes, 2 processes, nothing lost within 10 min'],
  })
})

it('what is wrong is told from nodes to slow processes', () => {
  const link = {
    node: 'b',
    by: 'relay',
    state: 'connecting',
    at: '10.0.0.2:6002',
    forMs: 61_000,
    reception: null,
  } as const
  const processes = [
    aProcess('SLOW', { health: { ...well, lagSeconds: 5 } }),
    aProcess('LOST', { health: { ...well, losses: 3, lastLoss: lostAt(988_000) } }),
    aProcess('LATE', { health: { ...well, ready: false, waitingFor: ['P', 'Q'] } }),
    aProcess('DUMB', { status: 'ERROR', health: null }),
    aProcess('NEW', { status: 'STARTING' }),
  ]
  const silent = aNode('b', { state: 'gone', processes: [aProcess('X', { status: 'ERROR' })] })
  expect(linesOf(aNode('a', { processes, links: [link] }), silent)).toEqual([
    'node b (10.0.0.1) is not heard any more',
    'the link from b to a does not stand for 1 min: 10.0.0.2:6002',
    'DUMB on a has said nothing for 10 s or longer',
    'LATE on a is not ready: it waits for P, Q',
    'NEW on a has not taken its ports yet',
    'LOST on a was told 3 losses, the last 12 s ago: TRADE from 5 to 9 of P on b (evicted)',
    'SLOW on a is slow: what it takes next is 5 s old',
  ])
})

it('at a broker it is told that a process has not said how it is', () => {
  const broker = { clientId: null, publishes: [], subscribes: [], dropped: null }
  const processes = [
    aProcess('MUTE', { health: null, broker: { ...broker, connectedForMs: null } }),
    aProcess('TOLD', { broker: { ...broker, connectedForMs: 1 } }),
  ]
  const node = aNode('a', { processes })
  const atBroker = { ...cluster(node), broker: { url: 'tcp://b:1883', protocol: '5' } } as const
  expect(wrongLines(atBroker).lines).toEqual([
    'MUTE on a has not told its figures within 5 s: its rate, losses and last numbers are not known',
  ])
})

it('a node that is there, and from which nothing comes, says why', () => {
  const nothing = 'nothing that is published there comes to the node that was asked'
  const [older, relay] = [whisperVersion - 1, 'relay'] as const
  expect(
    linesOf(
      aNode('a', { wire: whisperVersion, link: relay }),
      aNode('b', { wire: whisperVersion, link: 'multicast' }),
      aNode('c', { wire: older, link: relay }),
      aNode('d', { wire: 0 }),
      aNode('e', { wire: 0, state: 'gone' }),
    ),
  ).toEqual([
    'node e (10.0.0.1) is not heard any more',
    `node b is linked by multicast, not by relay: ${nothing}`,
    `node c speaks version ${older} of the wire, not ${whisperVersion}: ${nothing}`,
    `node d speaks no protocol of tidings: ${nothing}`,
  ])
})

it('a link that is new may not stand yet, and one without a thread never will', () => {
  const base = { node: 'b', by: 'relay', at: '10.0.0.2:6002', forMs: 1, reception: null } as const
  const links = [
    { ...base, state: 'connecting' as const },
    { ...base, state: 'refused' as const },
  ]
  expect(linesOf(aNode('a', { links }))).toEqual(['a has no thread left for the link from b'])
})

it.each<[Partial<ToldLoss>, string]>([
  [{ to: null, reason: 'gone' }, 'TRADE from 5 of P on b (gone)'],
  [{ from: null, reason: 'ended' }, 'TRADE to 9 of P on b (ended)'],
  [
    { table: null, publisher: null, from: null, to: null, reason: 'roster-lost' },
    'any table (roster-lost)',
  ],
])('says of a loss what is known of it: %o', (known, told) => {
  const health = { ...well, losses: 1, lastLoss: lostAt(1_000_000, known) }
  const lines = linesOf(aNode('a', { processes: [aProcess('LOST', { health })] }))
  expect(lines).toEqual([`LOST on a was told a loss 0 s ago: ${told}`])
})

it('of very much that is wrong the first lines are told, and how many more there are', () => {
  const processes = Array.from({ length: 25 }, (_, index) =>
    aProcess(`P${index}`, { status: 'ERROR' }),
  )
  const lines = linesOf(aNode('a', { processes }))
  expect(lines).toHaveLength(21)
  expect(lines.at(-1)).toBe('and 5 more')
})

it('a node that lets nobody in says why', () => {
  const node = linkedSnapshot().nodes.find(({ refusal }) => refusal !== null)
  const refused = node ?? aNode('b', { refusal: 'another key' })
  expect(linesOf(refused)[0]).toContain('does not let this node in: ')
})

it.each<[SortKey, string[]]>([
  ['name', ['A', 'B', 'C']],
  ['lag', ['B', 'A', 'C']],
  ['rate', ['C', 'A', 'B']],
  ['losses', ['A', 'B', 'C']],
])('processes are sorted by %s', (key, names) => {
  const processes = [
    aProcess('C', { rate: 9, health: null }),
    aProcess('B', { rate: 1, health: { ...well, lagSeconds: 2, losses: 1 } }),
    aProcess('A', { rate: 5, health: { ...well, losses: 4 } }),
  ]
  const [node] = sortedSnapshot(cluster(aNode('a', { processes })), key).nodes
  expect(node?.processes.map(({ name }) => name)).toEqual(names)
})
