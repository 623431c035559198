import { setTimeout as pause } from 'node:timers/promises'
import { endChildren } from '../../test/harness/child.ts'
import type { Shape } from '../../test/harness/definition-file.ts'
import { TestCluster } from '../../test/harness/test-cluster.ts'
import { lawLine } from './law.ts'
import { availableMiB, connectionsByPort, processCpuMs, residentMiB } from './machine.ts'
import { median } from './median.ts'
import type { Section } from './page.ts'
import { Peer } from './peer.ts'

const counts = [2, 8, 32, 64]

/** How long idle processes are looked at; the kernel counts CPU time in steps of 10 ms. */
const idleMs = 5000

/** One process at most, and what the machine keeps for others, MiB. */
const processMiB = 120
const spareMiB = 1024

/** A number of processes that takes longer than this is too many for the machine, milliseconds. */
const withinMs = 90_000

interface Measured {
  readonly shape: Shape
  readonly processes: number
  readonly readyMs: number
  readonly openingMs: number
  readonly idleCpu: number
  readonly clusterCpu: number
  readonly residentMiB: number
  readonly betweenProcesses: number
  readonly toCluster: number
}

/** Up to `most` processes. */
export async function measureProcesses(most: number): Promise<Section> {
  const rows: Measured[] = []
  const stops: string[] = []
  for (const shape of ['mesh', 'proxy'] as const)
    for (const processes of counts.filter((count) => count <= most)) {
      const needed = processes * processMiB + spareMiB
      const free = Math.round(availableMiB())
      const outcome =
        free < needed
          ? `not run, ${free} of ${needed} MiB are free.`
          : await measureWithin(shape, processes)
      if (typeof outcome === 'string') stops.push(`${shape}, ${processes} processes: ${outcome}`)
      else rows.push(outcome)
      console.log(`${shape}, ${processes} processes:`, outcome)
    }
  return {
    name: 'processes',
    title: 'Processes of a node',
    method: `Each process is one OS process with one queue, which publishes and subscribes to one table. All open at once; they are
ready when all subscriptions are. Then each publishes one update, and each gets all of them. After that nothing is
published for ${idleMs / 1000} s: CPU time is that of all threads, and of one process the mean; memory the median. Connections
are those of TCP that are established.`,
    columns: [
      'mode',
      'processes',
      'ready after the last open, ms',
      'ready after the first call, ms',
      'idle CPU of a process, ms/s',
      'of GENESIS_CLUSTER, ms/s',
      'resident memory, MiB',
      'connections between processes',
      'to GENESIS_CLUSTER',
    ],
    rows: rows.map((row) => [
      row.shape,
      row.processes,
      Math.round(row.readyMs),
      Math.round(row.openingMs),
      row.idleCpu,
      row.clusterCpu,
      Math.round(row.residentMiB),
      row.betweenProcesses,
      row.toCluster,
    ]),
    laws: [...(['mesh', 'proxy'] as const).flatMap((shape) => lawsOf(shape, rows)), ...stops],
  }
}

function lawsOf(shape: Shape, all: readonly Measured[]): string[] {
  const rows = all.filter((row) => row.shape === shape)
  const law = (what: string, of: (row: Measured) => number): string =>
    lawLine(
      `${shape}: ${what}`,
      'n',
      rows.map((row) => ({ x: row.processes, y: of(row) })),
    )
  return [
    law('ready after the first call', ({ openingMs }) => openingMs),
    law('idle CPU of a process', ({ idleCpu }) => idleCpu),
    law('memory of a process', (row) => row.residentMiB),
    law('connections', ({ betweenProcesses, toCluster }) => betweenProcesses + toCluster),
    `${shape}: ${pairsText(rows)}`,
  ]
}

/** In a mesh each process connects to each other one, and a slope of few sizes does not show it. */
function pairsText(rows: readonly Measured[]): string {
  if (rows.every((row) => row.betweenProcesses === 0)) return 'no connection between processes.'
  const other = rows.filter((row) => row.betweenProcesses !== row.processes * (row.processes - 1))
  return other.length === 0
    ? 'n × (n − 1) connections between processes at each size.'
    : `not n × (n − 1) connections between processes with ${other.map((row) => row.processes).join(', ')}.`
}

/** What was measured, or what had not happened in time. */
async function measureWithin(shape: Shape, processes: number): Promise<Measured | string> {
  const stage: Stage = { name: 'started' }
  const late = new AbortController()
  try {
    return await Promise.race([
      measureCount(shape, processes, stage),
      pause(withinMs, undefined, late).then(
        () => `not ${stage.name} within ${withinMs / 1000} s of the start.`,
      ),
    ])
  } catch (error) {
    // A queue that does not open in its own time is a result, too.
    const [what = ''] = (error as Error).message.split('\n')
    return `not ${stage.name}: ${what}`
  } finally {
    late.abort()
    await endChildren()
  }
}

/** What is waited for. */
interface Stage {
  name: 'started' | 'ready' | 'in exchange' | 'done'
}

async function measureCount(shape: Shape, processes: number, stage: Stage): Promise<Measured> {
  const cluster = await TestCluster.start(shape)
  const peers = Array.from({ length: processes }, (_, index) => new Peer(`PROCESS_${index}`))
  await Promise.all(peers.map((peer) => peer.started()))
  stage.name = 'ready'
  const opening = await openAll(cluster, peers)
  stage.name = 'in exchange'
  await exchange(peers)
  stage.name = 'done'
  const idle = await idleCpu([cluster.node().child.pid, ...peers.map(({ pid }) => pid)])
  const [clusterCpu = Number.NaN, ...own] = idle
  return {
    shape,
    processes,
    ...opening,
    clusterCpu,
    idleCpu: own.reduce((sum, each) => sum + each, 0) / processes,
    residentMiB: median(peers.map(({ pid }) => residentMiB(pid))),
    ...connectionsOf(cluster),
  }
}

async function openAll(
  cluster: TestCluster,
  peers: readonly Peer[],
): Promise<Pick<Measured, 'readyMs' | 'openingMs'>> {
  const calledAt = process.hrtime.bigint()
  const all = await Promise.all(
    peers.map(async (peer) => {
      const opened = await peer.open(cluster, ['TRADE'])
      const ready = await peer.call('subscribe', { tables: ['TRADE'] })
      return { openedAt: opened.at, readyAt: ready.at }
    }),
  )
  const latest = (times: readonly bigint[]): bigint => times.reduce((a, b) => (a > b ? a : b))
  const openedAt = latest(all.map((each) => each.openedAt))
  const readyAt = latest(all.map((each) => each.readyAt))
  return {
    readyMs: Number(readyAt - openedAt) / 1e6,
    openingMs: Number(readyAt - calledAt) / 1e6,
  }
}

/** Each publishes one update and gets those of all: they are ready indeed. */
async function exchange(peers: readonly Peer[]): Promise<void> {
  const load = {
    tables: ['TRADE'],
    updates: 1,
    commitUpdates: 1,
    recordBytes: 100,
    perSecond: null,
  }
  await Promise.all(peers.map((peer) => peer.call('load', load)))
  await Promise.all(peers.map((peer) => peer.call('received', peers.length)))
}

/** CPU time of each process while nothing is published, milliseconds a second. */
async function idleCpu(pids: readonly number[]): Promise<number[]> {
  const before = pids.map(processCpuMs)
  const begin = performance.now()
  await pause(idleMs)
  const seconds = (performance.now() - begin) / 1000
  return pids.map((pid, index) => (processCpuMs(pid) - (before[index] ?? Number.NaN)) / seconds)
}

function connectionsOf(cluster: TestCluster): Pick<Measured, 'betweenProcesses' | 'toCluster'> {
  const ofCluster = new Set<number>(Object.values(cluster.ports))
  let betweenProcesses = 0
  let toCluster = 0
  for (const [port, count] of connectionsByPort(cluster.node().host))
    if (ofCluster.has(port)) toCluster += count
    else betweenProcesses += count
  return { betweenProcesses, toCluster }
}
