import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, judge, type PublishedStream, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { publishedBy, settled, type Place } from './settled.ts'

/** Runs at scale 1, and at least, of each shape. */
const runsWanted = 25
const leastRuns = 2

const table = 'TRADE'

/** Published in front of each flush. */
const updates = Array.from({ length: 200 }, () => table)

/** How long a flush waits, milliseconds: the publisher that stands still may be silent for longer. */
const drainMs = 500
const confirmedWithinMs = 5_000

/** One publisher that flushes, one that is made to stand still, a subscription that is ready and one that is not. */
class Stage {
  /** Flushes that confirmed a subscription that was not ready, or did not name it as missing. */
  early = 0
  /** Flushes that were called while it was not ready. */
  flushes = 0
  /** What a flush called confirmed and nobody had been given, or told lost. */
  undelivered = 0
  readonly #publisher: Place
  readonly #silent: Place
  readonly #ready: Place
  readonly #late: Place

  private constructor(publisher: Place, silent: Place, ready: Place, late: Place) {
    this.#publisher = publisher
    this.#silent = silent
    this.#ready = ready
    this.#late = late
  }

  static async start(shape: 'mesh' | 'proxy'): Promise<Stage> {
    const cluster = await TestCluster.start(shape, 1)
    const place = async (key: string, publishes: readonly string[]): Promise<Place> => {
      const options = { publishes: [...publishes], drainMs }
      return { participant: await startQueue(cluster, key, [table], options), key }
    }
    const publisher = await place('PUB', [table])
    const silent = await place('SILENT', [table])
    const ready = await place('READY', [])
    await ready.participant.call('subscribe', { key: ready.key, tables: [table] })
    return new Stage(publisher, silent, ready, await place('LATE', []))
  }

  /** Resolves with the milliseconds until a flush confirms the subscription that has become ready. */
  async run(): Promise<number> {
    const { participant, key } = this.#late
    this.#silent.participant.child.signal('SIGSTOP')
    await participant.call('subscribe', { key, tables: [table], atOnce: true })
    // Deliveries begin before it is ready: from here on its process is known to the publisher, and is owed all.
    await eventually('its publisher has answered', async () => {
      await this.#publish([table])
      return (await participant.call('progress', { key })).deliveries > 0
    })
    await this.#publish(updates)
    await this.#flush()
    await this.#publish(updates)
    // One that becomes ready while the flush waits confirms it.
    const flush = this.#flush()
    this.#silent.participant.child.signal('SIGCONT')
    const began = monotonicMs()
    const isConfirmed = async () => (await this.#flush()).confirmed.includes(key)
    if (!(await flush).confirmed.includes(key)) await eventually('it is confirmed', isConfirmed)
    return monotonicMs() - began
  }

  /** Of the two subscriptions; the second one ends with it. */
  async verdict(): Promise<Verdict[]> {
    const published = await publishedBy([this.#publisher])
    const ready = await settled(this.#ready, published)
    const late = await settled(this.#late, await this.#owedLate(published))
    await this.#late.participant.call('unsubscribe', { key: this.#late.key })
    return [ready, late]
  }

  #publish(tables: readonly string[]): Promise<void> {
    const { participant, key } = this.#publisher
    return participant.call('publishEach', { key, tables })
  }

  async #flush() {
    const { participant, key } = this.#publisher
    const published = await publishedBy([this.#publisher])
    const flushed = await participant.call('flush', { key })
    const { confirmed, missing } = flushed
    const late = this.#late.participant.call('progress', { key: this.#late.key })
    if ((await late).readyAt === null) {
      this.flushes += 1
      if (confirmed.includes(this.#late.key) || !missing.includes(this.#late.key)) this.early += 1
    }
    for (const place of [this.#ready, this.#late]) {
      if (!confirmed.includes(place.key)) continue
      const owed = place === this.#late ? await this.#owedLate(published) : published
      const recorded = await place.participant.call('recorded', { key: place.key })
      this.undelivered += judge(owed, recorded).silent
    }
    return flushed
  }

  /** From the first update on that it was given: the publisher had answered it before. */
  async #owedLate(published: readonly PublishedStream[]): Promise<PublishedStream[]> {
    const { participant, key } = this.#late
    const { streams } = await participant.call('recorded', { key })
    const first = streams[0]?.ranges[0]?.from ?? 1
    return published.map((stream) => ({ ...stream, after: first - 1 }))
  }
}

async function runShape(shape: 'mesh' | 'proxy', runs: number): Promise<Measured> {
  const stage = await Stage.start(shape)
  const healMs: number[] = []
  const verdicts: Verdict[] = []
  for (let run = 0; run < runs; run += 1) {
    healMs.push(await stage.run())
    verdicts.push(...(await stage.verdict()))
  }
  const { early, flushes, undelivered } = stage
  return {
    injected: runs,
    verdict: addVerdicts(...verdicts),
    healMs,
    demands: [
      atMost(`${shape}: confirmed, or not named, before it was ready`, 'flushes', early, 0),
      atLeast(`${shape}: while it was not ready`, 'flushes', flushes, runs),
      atMost(`${shape}: confirmed and neither delivered nor told`, 'updates', undelivered, 0),
      atMost(
        `${shape}: confirmed once it could be ready, worst`,
        'ms',
        Math.max(...healMs),
        confirmedWithinMs,
        5,
      ),
    ],
    notes: [],
  }
}

export const flushBeforeReady: FaultRow = {
  id: 'F33',
  fault:
    'flush() while a subscription gets all and is not ready, since another publisher stands still',
  how: 'SIGSTOP of one publisher; a new subscription; another publisher publishes and flushes; SIGCONT under a flush that waits; mesh and proxy',
  async run({ scale }) {
    const runs = Math.max(leastRuns, Math.round(runsWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['mesh', 'proxy'] as const) parts.push(await runShape(shape, runs))
    return addMeasured(...parts)
  },
}
