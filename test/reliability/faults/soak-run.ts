import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../harness/definition-file.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { applicationBytes } from './heap-objects.ts'
import { addVerdicts, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { openQueue, startParticipant } from './participant.ts'
import { countOf, type Place, publishedBy, receives, settled } from './settled.ts'
import { collectNow } from './processes/collect-now.ts'
import { residentMiB, residentPartsMiB } from './resident-memory.ts'
import { type Samples, samplesOfFloor, type Trend, trendOf, warmUpShare } from './trend.ts'

const tables = ['TRADE', 'POSITION']
const size = 4

/** Small, so that it is full long before the samples count. */
const retention = { bytes: 16 * 1024 * 1024 }

/** Updates of each publisher by which the maximum rate is measured. */
const rateUpdates = 200_000

/**
 * glibc keeps what was freed in as many arenas as threads met: in ten minutes of a flat heap that made resident memory
 * go from 110 to 140 MiB and back to 125. With one arena that is given back, memory that is resident is in use (mallopt(3)).
 */
const steadyAllocator = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '65536' }

/** Loaded into GENESIS_CLUSTER: it has no calls of a test. */
const collector = new URL('processes/collector.ts', import.meta.url).href

const sampleMs = 1_000

/** Heap snapshots of each process in a run, a quarter of them before samples count; each stops its process for about a second. */
const snapshotsOfRun = 16

/** Seconds between two of them at least. */
const leastSnapshotEvery = 30

const mebibyte = 1024 * 1024

export interface SoakResult {
  /** Updates a second, all publishers together. */
  readonly maximum: number
  readonly rate: number
  readonly trends: readonly Trend[]
  readonly verdict: Verdict
}

export interface SoakOptions {
  readonly seconds: number
  /** Of the maximum rate. */
  readonly percent: number
  /** Where the first heap snapshots that count, and the last ones, are left; undefined: nowhere. */
  readonly snapshots: string | undefined
}

/** All that is measured each second, by what it is. */
class Soak {
  readonly #samples = new Map<string, Samples>()
  readonly #cluster: TestCluster
  readonly #publishers: readonly Place[]
  readonly #subscribers: readonly Place[]

  readonly #snapshots: string | undefined

  constructor(
    cluster: TestCluster,
    publishers: readonly Place[],
    subscribers: readonly Place[],
    snapshots: string | undefined,
  ) {
    this.#cluster = cluster
    this.#publishers = publishers
    this.#subscribers = subscribers
    this.#snapshots = snapshots
  }

  /** Updates a second that all subscribers take from all publishers as fast as these can. */
  async maximum(): Promise<number> {
    const began = monotonicMs()
    const publishing = this.#publishers.map(({ participant, key }) =>
      participant.call('publish', { key, updates: rateUpdates, size }),
    )
    await Promise.all(publishing)
    const all = countOf(await publishedBy(this.#publishers))
    await Promise.all(this.#subscribers.map((each) => receives(each, all)))
    return all / ((monotonicMs() - began) / 1000)
  }

  async run(rate: number, seconds: number): Promise<void> {
    for (const { participant, key } of this.#publishers)
      await participant.call('pace', {
        key,
        size,
        updatesPerSecond: rate / this.#publishers.length,
      })
    await this.#latencies(null)
    const snapshotEvery = Math.max(leastSnapshotEvery, Math.floor(seconds / snapshotsOfRun))
    const began = monotonicMs()
    for (let second = 0; second < seconds; second += 1) {
      await pause(Math.max(0, began + (second + 1) * sampleMs - monotonicMs()))
      const at = (monotonicMs() - began) / 1000
      await this.#sample(at)
      if (second % samplesOfFloor === 0) {
        await this.#sampleLiveHeaps(at)
        this.#sampleParts(at)
      }
      if (second % snapshotEvery === 0) await this.#sampleObjects(at, at >= seconds * warmUpShare)
    }
  }

  /**
   * With what V8 notes for itself, which goes on to grow: it is not judged. One after the other: a collection stands in
   * the way of everybody on a small machine.
   */
  async #sampleLiveHeaps(at: number): Promise<void> {
    for (const { participant, key } of [...this.#publishers, ...this.#subscribers])
      this.#note(
        `${key} live heap`,
        'MiB',
        at,
        (await participant.call('liveHeap')) / mebibyte,
        true,
      )
    for (const { host, child } of this.#cluster.nodes) {
      child.process.send(collectNow)
      const [bytes] = (await once(child.process, 'message')) as [number]
      this.#note(`GENESIS_CLUSTER ${host} live heap`, 'MiB', at, bytes / mebibyte, true)
    }
    // Of the pauses that this makes nothing counts as latency.
    await this.#latencies(null)
  }

  /** What the processes keep. `isCounted`: it is not of the time in which heaps and caches fill. */
  async #sampleObjects(at: number, isCounted: boolean): Promise<void> {
    const folder = this.#snapshots ?? mkdtempSync(join(tmpdir(), 'soak-'))
    const place = (key: string): string => {
      const first = join(folder, `first-${key}.heapsnapshot`)
      return isCounted && existsSync(first) ? join(folder, `last-${key}.heapsnapshot`) : first
    }
    const note = (key: string, file: string): void => {
      const bytes = applicationBytes(readFileSync(file, 'utf8'))
      this.#note(`${key} objects`, 'MiB', at, bytes / mebibyte)
      if (!isCounted) rmSync(file)
    }
    for (const { participant, key } of [...this.#publishers, ...this.#subscribers]) {
      const file = place(key)
      await participant.call('snapshot', { file })
      note(key, file)
    }
    for (const { host, child } of this.#cluster.nodes) {
      const key = `GENESIS_CLUSTER-${host}`
      const file = place(key)
      child.process.send({ snapshot: file })
      await once(child.process, 'message')
      note(`GENESIS_CLUSTER ${host}`, file)
    }
    if (this.#snapshots === undefined) rmSync(folder, { recursive: true })
    // Of the pauses that this makes nothing counts as latency.
    await this.#latencies(null)
  }

  /** Where memory grows, this tells in which part of it. */
  #sampleParts(at: number): void {
    const all = [
      ...this.#cluster.nodes.map(
        ({ host, child }) => [`GENESIS_CLUSTER ${host}`, child.pid] as const,
      ),
      ...[...this.#publishers, ...this.#subscribers].map(
        ({ key, participant }) => [key, participant.child.pid] as const,
      ),
    ]
    for (const [key, pid] of all)
      for (const [part, value] of Object.entries(residentPartsMiB(pid)))
        this.#note(`${key} resident: ${part}`, 'MiB', at, value, true)
  }

  async judge(): Promise<Verdict> {
    for (const { participant, key } of this.#publishers) await participant.call('stop', { key })
    const published = await publishedBy(this.#publishers)
    const each = await Promise.all(this.#subscribers.map((place) => settled(place, published)))
    return addVerdicts(...each)
  }

  get trends(): Trend[] {
    return [...this.#samples].map(([what, samples]) => trendOf(what, samples))
  }

  async #sample(at: number): Promise<void> {
    for (const { host, child } of this.#cluster.nodes)
      this.#note(`GENESIS_CLUSTER ${host} RSS`, 'MiB', at, residentMiB(child.pid))
    await Promise.all(
      [...this.#publishers, ...this.#subscribers].map(async ({ participant, key }) => {
        const { rss, young } = await participant.call('memory')
        this.#note(`${key} RSS`, 'MiB', at, (rss - young) / mebibyte)
      }),
    )
    await this.#latencies(at)
  }

  /** Of the time since the last call; null: not to be kept. */
  async #latencies(at: number | null): Promise<void> {
    for (const { participant, key } of this.#subscribers) {
      const { count, p50, p99 } = await participant.call('latencyWindow', { key })
      if (at === null || count === 0) continue
      this.#note(`${key} latency p50`, 'ms', at, p50)
      this.#note(`${key} latency p99`, 'ms', at, p99)
    }
  }

  #note(what: string, unit: 'MiB' | 'ms', at: number, value: number, isPart = false): void {
    let samples = this.#samples.get(what)
    if (!samples) {
      samples = { unit, isPart, times: [], values: [] }
      this.#samples.set(what, samples)
    }
    samples.times.push(at)
    samples.values.push(value)
  }
}

/** Two publishers and two subscribers on each of the nodes of the shape. */
export async function runSoak(
  shape: Shape,
  { seconds, percent, snapshots }: SoakOptions,
): Promise<SoakResult> {
  const cluster = await TestCluster.reserve(shape, shape.endsWith('relay') ? 2 : 1)
  const env = { ...steadyAllocator, NODE_OPTIONS: `--import=${collector}` }
  await Promise.all(cluster.nodes.map((node) => node.start(env)))
  const places = (role: string): Promise<Place[]> =>
    Promise.all(
      [0, 1].map(async (index) => {
        const key = `${role}_${index}`
        const node = index % cluster.nodes.length
        const participant = startParticipant(key, { env: steadyAllocator })
        await openQueue(participant, cluster, key, tables, { retention, drainMs: 60_000 }, node)
        return { participant, key }
      }),
    )
  const [publishers, subscribers] = [await places('PUBLISHER'), await places('SUBSCRIBER')]
  for (const { participant, key } of subscribers)
    await participant.call('subscribe', { key, tables })
  const soak = new Soak(cluster, publishers, subscribers, snapshots)
  const maximum = await soak.maximum()
  const rate = (maximum * percent) / 100
  await soak.run(rate, seconds)
  return { maximum, rate, verdict: await soak.judge(), trends: soak.trends }
}
