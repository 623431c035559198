import { expect, it } from 'vitest'
import { linkedSnapshot } from '../../test/harness/linked-snapshot.ts'
import { clusterFigures, type ToldCounts } from './cluster-figures.ts'
import { prometheusText } from './prometheus-text.ts'

const told: ToldCounts = {
  warnings: 2,
  refusedRegistrations: 1,
  refusedMessages: new Map([['malformed', 3]]),
}

const textOf = (snapshot: ReturnType<typeof linkedSnapshot> | null, isReady: boolean): string =>
  prometheusText(clusterFigures({ node: 'a', isReady, told, snapshot }))

/** The samples of this node that have a name which matches. */
const samples = (text: string, name: RegExp): string[] =>
  text.split('\n').filter((line) => !line.startsWith('#') && name.test(line))

it('processes are counted by state, without GENESIS_CLUSTER itself', () => {
  const text = textOf(linkedSnapshot(), true)
  expect(samples(text, /^tidings_cluster_processes/)).toEqual([
    'tidings_cluster_processes{node="a",status="STARTING"} 0',
    'tidings_cluster_processes{node="a",status="HEALTHY"} 2',
    'tidings_cluster_processes{node="a",status="WARNING"} 0',
    'tidings_cluster_processes{node="a",status="ERROR"} 1',
    'tidings_cluster_processes{node="a",status="DOWN"} 0',
  ])
  expect(samples(text, /^tidings_cluster_roster/)).toEqual([
    'tidings_cluster_roster_processes{node="a"} 15',
  ])
})

it('other nodes and links are counted by state, and who was turned away by reason', () => {
  const text = textOf(linkedSnapshot(), true)
  expect(samples(text, /^tidings_cluster_(nodes|links)/)).toEqual([
    'tidings_cluster_nodes{node="a",state="alive"} 1',
    'tidings_cluster_nodes{node="a",state="suspect"} 0',
    'tidings_cluster_nodes{node="a",state="gone"} 1',
    'tidings_cluster_nodes{node="a",state="unreachable"} 1',
    'tidings_cluster_links{node="a",state="connecting"} 1',
    'tidings_cluster_links{node="a",state="connected"} 1',
    'tidings_cluster_links{node="a",state="refused"} 0',
  ])
  expect(samples(text, /^tidings_cluster_turned_away.*[^0]$/)).toEqual([
    'tidings_cluster_turned_away{node="a",reason="no key"} 7',
  ])
})

it('what was told is counted', () => {
  expect(samples(textOf(null, false), /^tidings_cluster/)).toEqual([
    'tidings_cluster_ready{node="a"} 0',
    'tidings_cluster_warnings_total{node="a"} 2',
    'tidings_cluster_refused_registrations_total{node="a"} 1',
    'tidings_cluster_refused_messages_total{node="a",reason="malformed"} 3',
  ])
})

it('datagrams are counted for the group, and for each node from which some have come', () => {
  expect(samples(textOf(linkedSnapshot(), true), /datagrams|bytes|by_group/)).toEqual([
    expect.stringMatching(/^process_resident_memory_bytes \d+$/),
    'tidings_cluster_sent_datagrams_total{node="a"} 7',
    'tidings_cluster_sent_bytes_total{node="a"} 700',
    'tidings_cluster_resent_datagrams_total{node="a"} 6',
    'tidings_cluster_resent_bytes_total{node="a"} 600',
    'tidings_cluster_unsent_datagrams_total{node="a"} 5',
    'tidings_cluster_receive_buffer_bytes{node="a"} 4096',
    'tidings_cluster_overrun_datagrams_total{node="a"} 4',
    'tidings_cluster_refused_datagrams_total{node="a",reason="double"} 3',
    'tidings_cluster_heard_datagrams_total{node="a",from="b"} 10',
    'tidings_cluster_heard_bytes_total{node="a",from="b"} 1000',
    'tidings_cluster_repaired_datagrams_total{node="a",from="b"} 2',
    'tidings_cluster_repaired_bytes_total{node="a",from="b"} 200',
    'tidings_cluster_dropped_datagrams_total{node="a",from="b"} 1',
    'tidings_cluster_lost_datagrams_ratio{node="a",from="b"} 0.25',
    'tidings_cluster_by_group{node="a",from="b"} 1',
  ])
})

it('neither names of processes nor keys nor addresses stand in it', () => {
  expect(textOf(linkedSnapshot(), true)).not.toMatch(/TRADES|ORDERS|PRICES|PUBLIC-KEY|\b10\.|239\./)
})
