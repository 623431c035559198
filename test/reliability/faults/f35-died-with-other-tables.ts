import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import type { OpenOptions } from '../../../src/index.ts'
import { addMeasured, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, type PublishedStream } from './judge.ts'
import { monotonicMs } from './order.ts'
import { openQueue, startParticipant, startQueue } from './participant.ts'
import { publishedBy, settled, type Place } from './settled.ts'

/** Runs at scale 1, and at least, of each shape. */
const runsWanted = 20
const leastRuns = 1

/** What is declared and published, and what is neither. */
const table = 'POSITION'
const otherTable = 'ORDERS'

/** A node finds a process dead within half a second. */
const toldWithinMs = 10_000
const waitedMs = 60_000

/** Who is killed, and how much each has published before. */
const jobs: readonly [Partial<OpenOptions>, number][] = [
  [{ script: 'JOB', publishes: [table] }, 10],
  [{ script: 'JOB', publishes: [table] }, 0],
  [{ publishes: [table] }, 10],
]

type Shape = 'mesh' | 'proxy+relay'

class Stage {
  readonly subscribers: readonly Place[]
  readonly #cluster: TestCluster

  constructor(cluster: TestCluster, subscribers: readonly Place[]) {
    this.#cluster = cluster
    this.subscribers = subscribers
  }

  static async start(shape: Shape): Promise<Stage> {
    const nodes = shape === 'mesh' ? 1 : 2
    const cluster = await TestCluster.start(shape, nodes)
    const subscribers = [table, otherTable].map(async (of) => {
      const key = `OF_${of}`
      const participant = await startQueue(cluster, key, [], {}, nodes - 1)
      await participant.call('subscribe', { key, tables: [of] })
      return { participant, key }
    })
    return new Stage(cluster, await Promise.all(subscribers))
  }

  /** Opens, publishes when it has arrived, and is killed. */
  async die(key: string, options: Partial<OpenOptions>, updates: number) {
    const participant = startParticipant(key)
    const incarnation = await openQueue(participant, this.#cluster, key, [table], options)
    const tables = Array.from({ length: updates }, () => table)
    await participant.call('publishEach', { key, tables })
    const published = await publishedBy([{ participant, key }])
    if (this.subscribers[0]) await settled(this.subscribers[0], published)
    await participant.child.end('SIGKILL')
    return { incarnation, published }
  }

  /** How many open losses a subscription has been told of these publishers. */
  async told(subscriber: Place | undefined, incarnations: readonly string[]): Promise<number> {
    if (!subscriber) return 0
    const { participant, key } = subscriber
    const { losses } = await participant.call('recorded', { key })
    const of = losses.map(({ publisher }) => publisher?.incarnation ?? '')
    return incarnations.filter((each) => of.includes(each)).length
  }
}

async function runShape(shape: Shape, runs: number): Promise<Measured> {
  const stage = await Stage.start(shape)
  const [ofTable, ofOther] = stage.subscribers
  const published: PublishedStream[] = []
  const dead: string[] = []
  const healMs: number[] = []
  for (let run = 1; run <= runs; run += 1)
    for (const [kind, [options, updates]] of jobs.entries()) {
      const job = await stage.die(`JOB_${run}_${kind}`, options, updates)
      const killedAt = monotonicMs()
      published.push(...job.published)
      dead.push(job.incarnation)
      const isTold = async () => (await stage.told(ofTable, [job.incarnation])) === 1
      await eventually('its end is told', isTold, waitedMs).catch(() => undefined)
      healMs.push(monotonicMs() - killedAt)
    }
  // Behind all of them one of the other table dies: what was told of them there came before.
  const last = await stage.die('LAST', { publishes: [otherTable] }, 0)
  const isOver = async () => (await stage.told(ofOther, [last.incarnation])) === 1
  await eventually('the end of the last one is told', isOver, waitedMs).catch(() => undefined)
  const deaths = dead.length + 1
  const told = (await stage.told(ofTable, dead)) + (await stage.told(ofOther, [last.incarnation]))
  const wronglyTold = await stage.told(ofOther, dead)
  const verdicts = await Promise.all(
    stage.subscribers.map((each) => settled(each, each === ofTable ? published : [])),
  )
  return {
    injected: deaths,
    verdict: addVerdicts(...verdicts),
    healMs,
    demands: [
      atMost(`${shape}: not told to who subscribed to their table`, 'deaths', deaths - told, 0),
      atMost(`${shape}: told to who subscribed to another one`, 'deaths', wronglyTold, 0),
      atMost(`${shape}: told after, worst`, 'ms', Math.max(...healMs), toldWithinMs, 5),
    ],
    notes: [],
  }
}

export const diedWithOtherTables: FaultRow = {
  id: 'F35',
  fault: 'scripts and processes that declared one table are killed: no loss of another',
  how: `SIGKILL, one after the other, of ${jobs.length} kinds: a script that published, one that did not, a process; mesh and proxy+relay`,
  async run({ scale }) {
    const runs = Math.max(leastRuns, Math.round(runsWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['mesh', 'proxy+relay'] as const) parts.push(await runShape(shape, runs))
    return addMeasured(...parts)
  },
}
