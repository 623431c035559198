import { setTimeout as pause } from 'node:timers/promises'
import { TestCluster } from '../../harness/test-cluster.ts'
import { atMost, type FaultRow } from './fault-row.ts'
import { addVerdicts, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { countOf, type Place, publishedBy, receives, settled } from './settled.ts'
import { quantile } from './statistics.ts'

const tables = ['TRADE', 'POSITION']
const load = { updatesPerTurn: 16, pauseMs: 6, size: 4 }

/** How long the subscriber stands still, at scale 1; shorter runs leave out the long ones. */
const stopsMs = [1_000, 10_000, 60_000]
const retention = { bytes: 16 * 1024 * 1024 }
const mebibyte = 1024 * 1024

/** What the publisher may take beyond what it retains. */
const memoryBeyondMiB = 32
const caughtUpMs = 5_000

/** The latencies compared are of so long a time at least, window by window. */
const quietMs = 5_000
const windowMs = 1_000

class Stage {
  readonly healMs: number[] = []
  readonly quiet: number[] = []
  readonly disturbed: number[] = []
  readonly verdicts: Verdict[] = []
  injected = 0
  /** By how much the publisher's resident memory grew, and without V8's young generation. */
  residentMiB = 0
  memoryMiB = 0
  readonly #cluster: TestCluster
  readonly #publisher: Place
  readonly #others: readonly Place[]
  #start: { rss: number; young: number } | null = null

  constructor(cluster: TestCluster, publisher: Place, others: readonly Place[]) {
    this.#cluster = cluster
    this.#publisher = publisher
    this.#others = others
  }

  /** A subscriber comes, is stopped or killed, and goes on; the others are measured meanwhile. */
  async disturb(signal: 'SIGSTOP' | 'SIGKILL', ms: number): Promise<void> {
    const key = `VICTIM_${this.injected}`
    const victim = { participant: await startQueue(this.#cluster, key), key }
    await victim.participant.call('subscribe', { key, tables })
    const base = await publishedBy([this.#publisher])
    await receives(victim, 1_000)
    await this.#measure(this.quiet, quietMs)
    await this.#noteMemory()
    victim.participant.child.signal(signal)
    await this.#measure(this.disturbed, Math.max(ms, quietMs))
    await this.#noteMemory()
    this.injected += 1
    if (signal === 'SIGKILL') {
      await this.#measure(this.quiet, quietMs)
      return
    }
    const began = monotonicMs()
    const wanted = countOf(await publishedBy([this.#publisher]))
    victim.participant.child.signal('SIGCONT')
    await receives(victim, wanted - countOf(base))
    this.healMs.push(monotonicMs() - began)
    const after = new Map(base.map(({ table, last }) => [table, last]))
    // Judged at rest: what is published meanwhile would be of no publisher's knowledge.
    const { participant, key: source } = this.#publisher
    await participant.call('stop', { key: source })
    const published = (await publishedBy([this.#publisher])).map((stream) => ({
      ...stream,
      after: after.get(stream.table) ?? 0,
    }))
    this.verdicts.push(await settled(victim, published))
    await participant.call('load', { key: source, ...load })
    await victim.participant.child.end('SIGKILL')
    // Before and after: what else the machine does meanwhile is in both.
    await this.#measure(this.quiet, quietMs)
  }

  async judge(): Promise<Verdict> {
    const { participant, key } = this.#publisher
    await participant.call('stop', { key })
    const published = await publishedBy([this.#publisher])
    const others = await Promise.all(this.#others.map((each) => settled(each, published)))
    return addVerdicts(...this.verdicts, ...others)
  }

  /** The p99 of each second: a hiccup of the machine spoils one of them, and their median not. */
  async #measure(into: number[], ms: number): Promise<void> {
    await this.#takeLatencies()
    for (let left = ms; left > 0; left -= windowMs) {
      await pause(windowMs)
      into.push(quantile(await this.#takeLatencies(), 0.99))
    }
  }

  async #takeLatencies(): Promise<number[]> {
    const each = this.#others.map(({ participant, key }) =>
      participant.call('takeLatencies', { key }),
    )
    return (await Promise.all(each)).flat()
  }

  async #noteMemory(): Promise<void> {
    const { rss, young } = await this.#publisher.participant.call('memory')
    const start = (this.#start ??= { rss, young })
    this.residentMiB = Math.max(this.residentMiB, (rss - start.rss) / mebibyte)
    this.memoryMiB = Math.max(this.memoryMiB, (rss - young - start.rss + start.young) / mebibyte)
  }
}

export const subscriberStopped: FaultRow = {
  id: 'F1',
  fault: 'subscriber SIGKILL; SIGSTOP for 1, 10, 60 s',
  how: 'one of three subscribers in mesh, under 2,000 updates/s; the other two are measured before and during it',
  async run({ scale }) {
    const cluster = await TestCluster.start('mesh', 1)
    const open = async (key: string): Promise<Place> => ({
      participant: await startQueue(cluster, key, tables, { retention }),
      key,
    })
    const publisher = await open('PUBLISHER')
    const others = [await open('OTHER_A'), await open('OTHER_B')]
    for (const { participant, key } of others) await participant.call('subscribe', { key, tables })
    await publisher.participant.call('load', { key: publisher.key, ...load })
    await Promise.all(others.map((each) => receives(each, 2_000)))
    const stage = new Stage(cluster, publisher, others)
    const most = scale >= 1 ? 60_000 : scale >= 0.2 ? 10_000 : 1_000
    for (const ms of stopsMs.filter((each) => each <= most)) await stage.disturb('SIGSTOP', ms)
    await stage.disturb('SIGKILL', 0)
    const ratio = quantile(stage.disturbed, 0.5) / quantile(stage.quiet, 0.5)
    const verdict = await stage.judge()
    const retainedMiB = retention.bytes / mebibyte
    const worst = Math.max(...stage.healMs)
    return {
      injected: stage.injected,
      verdict,
      healMs: stage.healMs,
      demands: [
        atMost("others' latency p99, during / before", 'times', ratio, 1.1, 5),
        atMost(
          'memory of the publisher grew by, without V8 making room for garbage (up to 48 MiB)',
          'MiB',
          stage.memoryMiB,
          retainedMiB + memoryBeyondMiB,
        ),
        atMost('caught up after SIGCONT, worst', 'ms', worst, caughtUpMs, 5),
      ],
      notes: [
        `others' p99 ${quantile(stage.quiet, 0.5).toFixed(2)} ms before, ${quantile(stage.disturbed, 0.5).toFixed(2)} ms during`,
        `resident memory of the publisher grew by ${stage.residentMiB.toFixed(1)} MiB in all`,
      ],
    }
  },
}
