import { endChildren } from '../../harness/child.ts'
import { eventually } from '../../harness/eventually.ts'
import { maxNodes } from '../../harness/loopback.ts'
import { Product } from '../../harness/product.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { atLeast, atMost, type FaultRow } from './fault-row.ts'
import { addVerdicts, judge, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import type { RacerCalls } from './processes/racer.ts'
import { Remote } from './remote.ts'
import { quantile } from './statistics.ts'

/** OS processes, and queues in each: one on each node. 64 together; 16 in a short run. */
const processesWanted = 16
const processesOfShortRun = 4
const nodes = Math.min(4, maxNodes)

/** Subscriptions that publishers race with, at scale 1. */
const trialsWanted = 1_000

const readyMs = 1_000

const waitedMs = 60_000

/** OS processes of one node that open at once, as `docker compose up` has it; in a short run too, since fewer are no storm. */
const stormWanted = 64

/** From the first start to the last open queue, on two cores that have nothing else to do. */
const stormMs = 10_000

/** A program of a user, of the package as it is installed. */
const starter = `import { openUpdateQueue } from 'tidings'
await openUpdateQueue({ process: process.argv[2] })
console.error('open')`

/** With the limit of `openUpdateQueue()` that users have: nobody fails while GENESIS_CLUSTER lives. */
async function storm(processes: number): Promise<{ ms: number; failed: number }> {
  const product = new Product()
  const script = product.write('starter.mjs', starter)
  const cluster = await TestCluster.start('proxy', 1, { product })
  const began = monotonicMs()
  const outcomes = await Promise.allSettled(
    Array.from({ length: processes }, (_, index) =>
      cluster.program([script, `STARTER_${index}`]).says(/^open$/m),
    ),
  )
  const failed = outcomes.filter(({ status }) => status === 'rejected').length
  return { ms: monotonicMs() - began, failed }
}

async function verdictOf(racer: Remote<RacerCalls>): Promise<Verdict> {
  const judged = async () => {
    const trials = await racer.call('trials')
    return addVerdicts(...trials.map(({ published, recorded }) => judge(published, recorded)))
  }
  const isWhole = async () => (await judged()).silent === 0
  await eventually(`${racer.child.name} has all`, isWhole, waitedMs).catch(() => undefined)
  return judged()
}

export const simultaneousStart: FaultRow = {
  id: 'F23',
  fault: '64 processes start at once; subscribe, unsubscribe and publish race',
  how: `${processesWanted} OS processes (${processesOfShortRun} below scale 0.5), each with a queue on each of ${nodes} nodes (proxy+relay); publish from all other nodes in the very next microtask after ready. Before that ${stormWanted} OS processes with a queue each on one node (proxy)`,
  async run({ scale }) {
    const processes = scale < 0.5 ? processesOfShortRun : processesWanted
    const stormed = await storm(stormWanted)
    await endChildren()
    const cluster = await TestCluster.start('proxy+relay', nodes)
    const hosts = cluster.nodes.map(({ host }) => host)
    const { definition } = cluster
    const began = monotonicMs()
    const racers = Array.from(
      { length: processes },
      (_, index) => new Remote<RacerCalls>(`RACER_${index}`, 'racer.ts'),
    )
    await Promise.all(
      racers.map((racer) => racer.call('open', { definition, hosts, name: racer.child.name })),
    )
    const openMs = monotonicMs() - began
    const rounds = Math.max(1, Math.round((trialsWanted * scale) / (processes * nodes)))
    const firstTimes: number[] = []
    const laterTimes: number[] = []
    const verdicts: Verdict[] = []
    for (let round = 0; round < rounds; round += 1) {
      const raced = await Promise.all(racers.map((racer) => racer.call('race', `ROUND_${round}`)))
      const times = round === 0 ? firstTimes : laterTimes
      times.push(...raced.flat())
      verdicts.push(...(await Promise.all(racers.map(verdictOf))))
      await Promise.all(racers.map((racer) => racer.call('stop')))
    }
    const times = [...firstTimes, ...laterTimes]
    const verdict = addVerdicts(...verdicts)
    return {
      injected: times.length,
      verdict,
      healMs: times,
      demands: [
        atMost('subscribe() to ready, p99', 'ms', quantile(times, 0.99), readyMs, 5),
        atMost(
          'missing of what was published after ready',
          'updates',
          verdict.silent + verdict.reported,
          0,
        ),
        atMost('of a storm on one node: failed to open', 'processes', stormed.failed, 0),
        atMost('of a storm on one node: all open', 'ms', stormed.ms, stormMs, 6),
        atLeast('subscriptions', 'subscriptions', times.length, rounds * processes * nodes),
      ],
      notes: [
        `${stormWanted} OS processes open on one node after ${Math.round(stormed.ms)} ms`,
        ...[firstTimes, laterTimes]
          .filter(({ length }) => length > 0)
          .map(
            (each, place) =>
              `${place === 0 ? 'the first' : 'later'}: p99 ${Math.round(quantile(each, 0.99))} ms`,
          ),
        `${processes * nodes} queues open after ${Math.round(openMs)} ms; all subscribe at a time`,
      ],
    }
  },
}
