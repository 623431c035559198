import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Child } from '../../harness/child.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { isRelay } from '../../harness/definition-file.ts'
import { command, TestCluster } from '../../harness/test-cluster.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import type { BlockMessage } from './processes/blockable.ts'
import type { TimedEvent } from './processes/participant.ts'
import { countOf, type Place, publishedBy, receives, settled } from './settled.ts'

const tables = ['TRADE', 'POSITION']
const load = { updatesPerTurn: 16, pauseMs: 8, size: 4 }

/** At scale 1; shorter runs leave out the long ones. */
const blocksMs = [100, 1_000, 3_500, 9_000, 30_000]

/** Silence of 10 s is what makes a process gone: whoever is blocked for less must not be told so. */
const goneAfterMs = 10_000

type Role = 'publisher' | 'subscriber' | 'GENESIS_CLUSTER'
const roles: readonly Role[] = ['publisher', 'subscriber', 'GENESIS_CLUSTER']

/** The process that is told gone, or ended, which nobody is here; null: none. */
function whoIsOver(event: TimedEvent['event']): { process: string; isGone: boolean } | null {
  if (event.type === 'publisher-gone') return { process: event.publisher.process, isGone: true }
  if (event.type !== 'process' || (event.state !== 'gone' && event.state !== 'ended')) return null
  return { process: event.process, isGone: event.state === 'gone' }
}

/** GENESIS_CLUSTER of each node, its event loop at our disposal. */
async function startBlockable(cluster: TestCluster): Promise<Child[]> {
  const blockable = pathToFileURL(join(import.meta.dirname, 'processes', 'blockable.ts')).href
  const children = cluster.nodes.map(({ host }) => {
    const place = ['--definition', cluster.definition, '--host', host]
    return new Child({
      name: `cluster ${host}`,
      arguments: ['--import', blockable, command, 'cluster', ...place],
      env: { TIDINGS_STATE: `${cluster.definition}.${host}`, UV_THREADPOOL_SIZE: '64' },
      ipc: true,
    })
  })
  await Promise.all(children.map((child) => child.says(/^ready/m)))
  return children
}

class Stage {
  readonly healMs: number[] = []
  blocks = 0
  /** Told of somebody who was not blocked, or not for so long. */
  falseGone = 0
  /** Told of who was blocked for longer. */
  rightGone = 0
  /** Least share of what was published during a block of GENESIS_CLUSTER that arrived during it. */
  leastFlow = 1
  readonly #clusters: readonly Child[]
  readonly #publisher: Place
  readonly #subscribers: readonly Place[]

  constructor(clusters: readonly Child[], publisher: Place, subscribers: readonly Place[]) {
    this.#clusters = clusters
    this.#publisher = publisher
    this.#subscribers = subscribers
  }

  async block(role: Role, ms: number): Promise<void> {
    const began = monotonicMs()
    const before = countOf(await publishedBy([this.#publisher]))
    if (role === 'GENESIS_CLUSTER') await this.#blockCluster(ms, before)
    else {
      const { participant } = role === 'publisher' ? this.#publisher : this.#first
      await participant.call('block', { ms })
    }
    const ended = monotonicMs()
    const wanted = countOf(await publishedBy([this.#publisher]))
    await Promise.all(this.#subscribers.map((each) => receives(each, wanted)))
    this.healMs.push(monotonicMs() - ended)
    this.blocks += 1
    await this.#countGone(role, ms, began)
  }

  async judge() {
    const { participant, key } = this.#publisher
    await participant.call('stop', { key })
    const published = await publishedBy([this.#publisher])
    return addVerdicts(
      ...(await Promise.all(this.#subscribers.map((each) => settled(each, published)))),
    )
  }

  get #first(): Place {
    return this.#subscribers[0] as Place
  }

  /** The proxies run on other threads: updates flow as before. */
  async #blockCluster(blockMs: number, before: number): Promise<void> {
    const free = this.#clusters.map((child) => once(child.process, 'message'))
    for (const child of this.#clusters) child.process.send({ blockMs } satisfies BlockMessage)
    await Promise.all(free)
    const { participant, key } = this.#subscribers.at(-1) as Place
    const { deliveries } = await participant.call('progress', { key })
    const after = countOf(await publishedBy([this.#publisher]))
    this.leastFlow = Math.min(this.leastFlow, (deliveries - before) / (after - before))
  }

  /** Who stands still for longer than silence allows is gone to others, and hears so when it is back. */
  async #countGone(role: Role, ms: number, since: number): Promise<void> {
    const blocked = { publisher: this.#publisher, subscriber: this.#first, GENESIS_CLUSTER: null }
    const rightly = ms >= goneAfterMs ? blocked[role]?.key : undefined
    for (const { participant, key } of [this.#publisher, ...this.#subscribers]) {
      const events = await participant.call('events', { key })
      for (const { at, event } of events) {
        if (at < since) continue
        const told = whoIsOver(event)
        if (told === null) continue
        if (told.isGone && told.process === rightly) this.rightGone += 1
        else this.falseGone += 1
      }
    }
  }
}

async function runShape(shape: Shape, lengths: readonly number[]): Promise<Measured> {
  const cluster = await TestCluster.reserve(shape, isRelay(shape) ? 2 : 1)
  const clusters = await startBlockable(cluster)
  const open = async (key: string, node = 0): Promise<Place> => ({
    participant: await startQueue(cluster, key, tables, {}, node),
    key,
  })
  const publisher = await open('PUBLISHER')
  const last = cluster.nodes.length - 1
  const subscribers = [await open('BLOCKED'), await open('OTHER', last)]
  for (const { participant, key } of subscribers)
    await participant.call('subscribe', { key, tables })
  await publisher.participant.call('load', { key: publisher.key, ...load })
  const stage = new Stage(clusters, publisher, subscribers)
  await Promise.all(subscribers.map((each) => receives(each, 100)))
  for (const ms of lengths) for (const role of roles) await stage.block(role, ms)
  const verdict = await stage.judge()
  return {
    injected: stage.blocks,
    verdict,
    healMs: stage.healMs,
    demands: [
      atMost(`${shape}: told gone or ended though it is not`, 'times', stage.falseGone, 0),
      atLeast(
        `${shape}: share delivered while GENESIS_CLUSTER is blocked`,
        'of 1',
        stage.leastFlow,
        0.9,
        2,
      ),
    ],
    notes:
      stage.rightGone > 0
        ? [`${shape}: told ${stage.rightGone} times that who is blocked for over 10 s is gone`]
        : [],
  }
}

export const blockedLoop: FaultRow = {
  id: 'F14',
  fault: 'event loop blocked 100 ms to 30 s in publisher, subscriber, GENESIS_CLUSTER',
  how: 'Atomics.wait on the main thread, in all GENESIS_CLUSTER at once, under 2,000 updates/s',
  async run({ scale }) {
    const most = scale >= 1 ? 30_000 : scale >= 0.2 ? 9_000 : 3_500
    const lengths = blocksMs.filter((ms) => ms <= most)
    const parts: Measured[] = []
    for (const shape of ['mesh', 'proxy+relay'] as const) parts.push(await runShape(shape, lengths))
    return addMeasured(...parts)
  },
}
