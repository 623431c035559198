import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../harness/definition-file.ts'
import { isProxy, isRelay, shapes } from '../../harness/definition-file.ts'
import { eventually } from '../../harness/eventually.ts'
import { maxNodes } from '../../harness/loopback.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { addMeasured, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, judge, type PublishedStream, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { openQueue, startParticipant, startQueue, type Participant } from './participant.ts'
import { quantile } from './statistics.ts'

/** At scale 1, seconds a shape; a kill every 5 s. */
const secondsAShape = 120
const killEveryMs = 5_000
const leastKills = 2

const tables = ['TRADE', 'POSITION']

/** Whole within 3 s of the restart. */
const wholeMs = 3_000
const waitedMs = 60_000

/** About 1,500 updates a second of each publisher: nobody falls behind for want of processor time. */
const load = { updatesPerTurn: 16, pauseMs: 10, size: 4 }

const sumOf = (streams: readonly PublishedStream[]): number =>
  streams.reduce((sum, { last }) => sum + last, 0)

/** One publisher and one subscriber on each node, and one that subscribes anew at each kill. */
class Stage {
  readonly shape: Shape
  readonly cluster: TestCluster
  readonly publishers: Participant[] = []
  readonly subscribers: Participant[] = []
  readonly late = startParticipant('LATE')
  readonly healMs: number[] = []
  readonly verdicts: Verdict[] = []
  /** Subscriptions made while GENESIS_CLUSTER was away. */
  lateOnes = 0
  kills = 0

  constructor(cluster: TestCluster) {
    this.cluster = cluster
    this.shape = cluster.shape
  }

  async set(): Promise<void> {
    for (const [node] of this.cluster.nodes.entries()) {
      const publishes = { publishes: tables }
      this.publishers.push(await startQueue(this.cluster, `PUB_${node}`, tables, publishes, node))
      this.subscribers.push(await startQueue(this.cluster, `SUB_${node}`, [], {}, node))
    }
    await openQueue(this.late, this.cluster, 'LATE')
    for (const each of this.subscribers)
      await each.call('subscribe', { key: each.child.name, tables })
    for (const each of this.publishers) await each.call('load', { key: each.child.name, ...load })
  }

  /** One GENESIS_CLUSTER is killed and started again; resolves when everybody is whole. */
  async kill(): Promise<void> {
    const node = this.cluster.node(this.kills % this.cluster.nodes.length)
    this.kills += 1
    await node.end('SIGKILL')
    await this.late.call('subscribe', { key: 'LATE', tables, atOnce: true })
    await node.start()
    const restartedAt = monotonicMs()
    const published = await this.published()
    await Promise.all([
      ...this.subscribers.map((each) => this.#holds(each, published, restartedAt)),
      this.#judgeLate(),
    ])
  }

  async published(): Promise<PublishedStream[]> {
    const each = await Promise.all(
      this.publishers.map((one) => one.call('published', { key: one.child.name })),
    )
    return each.flat()
  }

  async #holds(
    subscriber: Participant,
    published: PublishedStream[],
    since: number,
  ): Promise<void> {
    const key = subscriber.child.name
    const wanted = sumOf(published)
    const isWhole = async () => {
      const { deliveries } = await subscriber.call('progress', { key })
      if (deliveries >= wanted) return true
      const { silent } = judge(published, await subscriber.call('recorded', { key }))
      return silent === 0
    }
    // What is missing then is judged in the end.
    await eventually(`${key} is whole`, isWhole, waitedMs).catch(() => undefined)
    this.healMs.push(monotonicMs() - since)
  }

  /** Everything that is published after `ready` is owed. */
  async #judgeLate(): Promise<void> {
    const isReady = async () => (await this.late.call('progress', { key: 'LATE' })).readyAt !== null
    await eventually('the late subscription is ready', isReady, waitedMs)
    const atReady = new Map(
      (await this.published()).map(({ incarnation, table, last }) => [
        `${incarnation} ${table}`,
        last,
      ]),
    )
    const hasMore = async () => {
      const now = await this.published()
      return now.every(
        (one) => one.last > (atReady.get(`${one.incarnation} ${one.table}`) ?? 0) + 50,
      )
    }
    await eventually('more is published', hasMore, waitedMs)
    const published = (await this.published()).map((one) => ({
      ...one,
      after: atReady.get(`${one.incarnation} ${one.table}`) ?? 0,
    }))
    const judged = async () => {
      const recorded = await this.late.call('recorded', { key: 'LATE' })
      const known = published.map((one) => ({
        ...one,
        last: Math.max(one.last, lastOf(recorded, one)),
      }))
      return judge(known, recorded)
    }
    const isWhole = async () => (await judged()).silent === 0
    await eventually('the late subscription is whole', isWhole, waitedMs).catch(() => undefined)
    this.verdicts.push(await judged())
    this.lateOnes += 1
    await this.late.call('unsubscribe', { key: 'LATE' })
  }

  async judgeAll(): Promise<void> {
    for (const each of this.publishers) await each.call('stop', { key: each.child.name })
    const published = await this.published()
    for (const each of this.subscribers) {
      const key = each.child.name
      const verdict = async () => judge(published, await each.call('recorded', { key }))
      const isWhole = async () => (await verdict()).silent === 0
      await eventually(`${key} has all`, isWhole, waitedMs).catch(() => undefined)
      this.verdicts.push(await verdict())
    }
  }
}

/** The publisher goes on while it is looked at: what came since then is no stranger. */
function lastOf(
  recorded: {
    readonly streams: readonly {
      incarnation: string
      table: string
      ranges: readonly { to: number }[]
    }[]
  },
  { incarnation, table }: PublishedStream,
): number {
  const found = recorded.streams.find(
    (each) => each.incarnation === incarnation && each.table === table,
  )
  return found?.ranges.at(-1)?.to ?? 0
}

async function runShape(shape: Shape, kills: number): Promise<Measured> {
  const stage = new Stage(await TestCluster.start(shape, isRelay(shape) ? 2 : 1))
  await stage.set()
  for (let kill = 0; kill < kills; kill += 1) {
    const next = pause(killEveryMs)
    await stage.kill()
    if (kill < kills - 1) await next
  }
  await stage.judgeAll()
  const verdict = addVerdicts(...stage.verdicts)
  const worst = Math.max(...stage.healMs)
  return {
    injected: stage.kills,
    verdict,
    healMs: stage.healMs,
    demands: [
      atMost(`${shape}: whole after the restart, worst`, 'ms', worst, wholeMs, 5),
      atMost(
        isProxy(shape) ? `${shape}: gaps not closed` : `${shape}: lost`,
        'updates',
        verdict.reported,
        0,
      ),
    ],
    notes: [
      `${shape}: ${stage.cluster.nodes.length} nodes, ${stage.lateOnes} subscriptions made while GENESIS_CLUSTER was away, p50 ${Math.round(quantile(stage.healMs, 0.5))} ms`,
    ],
  }
}

export const clusterKilled: FaultRow = {
  id: 'F5',
  fault: 'GENESIS_CLUSTER SIGKILL and restart, again and again, in all four shapes',
  how: 'SIGKILL every 5 s, started again at once; all publish about 1,500/s meanwhile, and one more subscribes each time',
  async run({ scale }) {
    const kills = Math.max(leastKills, Math.round((secondsAShape * scale * 1000) / killEveryMs))
    const parts: Measured[] = []
    for (const shape of shapes)
      if (!isRelay(shape) || maxNodes > 1) parts.push(await runShape(shape, kills))
    return addMeasured(...parts)
  },
}
