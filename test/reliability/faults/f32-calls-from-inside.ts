import { TestCluster } from '../../harness/test-cluster.ts'
import type { CallsFromInside } from './calling-records.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, type Verdict, violations } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { publishedBy, settled, type Place } from './settled.ts'

/** Runs at scale 1, and at least, of each shape. */
const runsWanted = 20
const leastRuns = 3

/** Of each publisher in each run. */
const commits = 1_000
const tables = ['TRADE', 'POSITION']
const publishers = ['PUB_A', 'PUB_B']

async function place(cluster: TestCluster, key: string, node: number): Promise<Place> {
  return { participant: await startQueue(cluster, key, tables, {}, node), key }
}

async function runShape(shape: 'mesh' | 'proxy+relay', runs: number): Promise<Measured> {
  const nodes = shape === 'mesh' ? 1 : 2
  const cluster = await TestCluster.start(shape, nodes)
  const publishing = await Promise.all(publishers.map((key) => place(cluster, key, 0)))
  const subscribing = await Promise.all([
    place(cluster, 'NEAR', 0),
    place(cluster, 'FAR', nodes - 1),
  ])
  await Promise.all(
    subscribing.map(({ participant, key }) => participant.call('subscribe', { key, tables })),
  )
  const healMs: number[] = []
  const outcomes: CallsFromInside[] = []
  let verdicts: readonly Verdict[] = []
  for (let run = 0; run < runs; run += 1) {
    const published = publishing.map(({ participant, key }) =>
      participant.call('publishCalling', { key, commits }),
    )
    outcomes.push(...(await Promise.all(published)))
    const began = monotonicMs()
    const streams = await publishedBy(publishing)
    verdicts = await Promise.all(subscribing.map((each) => settled(each, streams)))
    healMs.push(monotonicMs() - began)
    // What is wrong stays wrong.
    if (violations(addVerdicts(...verdicts)) > 0) break
  }
  const sum = (of: (outcome: CallsFromInside) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0)
  const calls = sum((outcome) => outcome.calls)
  const taken = calls - sum(({ refused }) => refused)
  const misjudged = sum((outcome) => outcome.misjudged)
  const misnumbered = sum((outcome) => outcome.misnumbered)
  return {
    injected: calls,
    verdict: addVerdicts(...verdicts),
    healMs,
    demands: [
      atMost(`${shape}: not refused with USAGE`, 'calls', taken, 0),
      atMost(`${shape}: taken or refused against the rule around them`, 'commits', misjudged, 0),
      atMost(`${shape}: not numbered behind the one before`, 'commits', misnumbered, 0),
      atLeast(`${shape}: from inside`, 'calls', calls, commits * runs * publishers.length),
    ],
    notes: [],
  }
}

export const callsFromInside: FaultRow = {
  id: 'F32',
  fault: 'records that publish while publish() reads them, by getter, toJSON and Proxy',
  how: 'every commit has such a record, and some let the error through; 2 publishers, a subscriber on each node; mesh and proxy+relay',
  async run({ scale }) {
    const runs = Math.max(leastRuns, Math.round(runsWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['mesh', 'proxy+relay'] as const) parts.push(await runShape(shape, runs))
    return addMeasured(...parts)
  },
}
