import { eventually } from '../../harness/eventually.ts'
import { maxNodes } from '../../harness/loopback.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { atLeast, atMost, type FaultRow } from './fault-row.ts'
import { addVerdicts, type PublishedStream, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { openQueue, startParticipant, startQueue, type Participant } from './participant.ts'
import { type Place, publishedBy, settled } from './settled.ts'

const tables = Array.from({ length: 1_500 }, (_, index) => `TABLE_${index}`)

/** Subscribers at scale 1, in so many processes; each wants its part of the tables, one wants all. */
const subscribersWanted = 300
const leastSubscribers = 30
const processes = 3
const tablesEach = 15

const liveMs = 3_000
const waitedMs = 60_000

/** Queues that one process opens at a time. */
const openingTogether = 10

interface Reader extends Place {
  readonly tables: readonly string[]
}

class Readers {
  readonly #cluster: TestCluster
  readonly #count: number
  readonly #readers: Reader[][] = []

  constructor(cluster: TestCluster, count: number) {
    this.#cluster = cluster
    this.#count = count
  }

  get all(): Reader[] {
    return this.#readers.flat()
  }

  async received(): Promise<Map<string, number>> {
    const groups = await Promise.all(
      this.#readers.map(([first]) => (first as Reader).participant.call('received')),
    )
    return new Map(groups.flatMap((group) => [...group]))
  }

  async start(group: number): Promise<void> {
    const participant = startParticipant(`READERS_${group}`)
    const each = Math.ceil(this.#count / processes)
    const readers = Array.from({ length: each }, (_, index) => ({
      participant,
      key: `READER_${group}_${index}`,
      tables: this.#tablesOf(group * each + index),
    }))
    for (let at = 0; at < readers.length; at += openingTogether)
      await Promise.all(
        readers.slice(at, at + openingTogether).map((one) => this.#open(one, group)),
      )
    this.#readers[group] = readers
  }

  async kill(group: number): Promise<void> {
    await this.#readers[group]?.[0]?.participant.child.end('SIGKILL')
  }

  async #open({ participant, key, tables: wanted }: Reader, group: number): Promise<void> {
    await openQueue(participant, this.#cluster, key, [], {}, group % this.#cluster.nodes.length)
    await participant.call('subscribe', { key, tables: wanted })
  }

  #tablesOf(reader: number): readonly string[] {
    if (reader === 0) return tables
    const from = (reader * tablesEach) % tables.length
    return [...tables, ...tables].slice(from, from + tablesEach)
  }
}

class Stage {
  readonly verdicts: Verdict[] = []
  readonly healMs: number[] = []
  readonly notes: string[] = []
  readonly #cluster: TestCluster
  readonly #readers: Readers
  #publisher: Participant

  constructor(cluster: TestCluster, readers: Readers, publisher: Participant) {
    this.#cluster = cluster
    this.#readers = readers
    this.#publisher = publisher
  }

  async cluster(node: number): Promise<void> {
    const restarted = this.#cluster.node(node)
    await restarted.end('SIGKILL')
    await restarted.start()
    await this.#expectLive(`GENESIS_CLUSTER ${node}`)
  }

  async publisher(): Promise<void> {
    await this.#publisher.child.end('SIGKILL')
    this.#publisher = await startQueue(this.#cluster, 'PUBLISHER', tables)
    await this.#expectLive('publisher')
  }

  async readers(group: number): Promise<void> {
    await this.#readers.kill(group)
    const before = await this.#published()
    await this.#readers.start(group)
    await this.#expectLive(`subscribers ${group}`, before, group)
  }

  /** One update of each table, to everybody who wants it; all that was published before counts too. */
  async #expectLive(
    hop: string,
    before: readonly PublishedStream[] = [],
    newGroup = -1,
  ): Promise<void> {
    const received = await this.#readers.received()
    const began = monotonicMs()
    await this.#publisher.call('publishEach', { key: 'PUBLISHER', tables })
    const all = this.#readers.all
    const isLive = async () => {
      const now = await this.#readers.received()
      return all.every(({ key, tables: wanted }) => {
        const before = received.get(key) ?? 0
        return (now.get(key) ?? 0) >= before + wanted.length
      })
    }
    await eventually(`${hop}: every table is live`, isLive, waitedMs).catch(() => undefined)
    const ms = monotonicMs() - began
    this.healMs.push(ms)
    this.notes.push(`${hop} restarted: every table live after ${Math.round(ms)} ms`)
    this.verdicts.push(await this.#judge(before, newGroup))
  }

  async #judge(before: readonly PublishedStream[], newGroup: number): Promise<Verdict> {
    const published = await this.#published()
    const known = new Map(before.map(({ table, last }) => [table, last]))
    const verdicts: Verdict[] = []
    for (const reader of this.#readers.all) {
      const isNew = reader.key.startsWith(`READER_${newGroup}_`)
      const owed = published
        .filter(({ table }) => reader.tables.includes(table))
        .map((one) => (isNew ? { ...one, after: known.get(one.table) ?? 0 } : one))
      verdicts.push(await settled(reader, owed))
    }
    // What a killed publisher had published is judged by F2; here only the living one.
    return { ...addVerdicts(...verdicts), wrong: 0 }
  }

  #published(): Promise<PublishedStream[]> {
    return publishedBy([{ participant: this.#publisher, key: 'PUBLISHER' }])
  }
}

export const manyTables: FaultRow = {
  id: 'F6',
  fault: '1,500 tables and 300 subscribers, then a restart of each hop',
  how: `SIGKILL and restart of each GENESIS_CLUSTER, of the publisher, of a third of the subscribers (queues in ${processes} processes, 2 nodes, proxy+relay)`,
  async run({ scale }) {
    const nodes = Math.min(2, maxNodes)
    const cluster = await TestCluster.start(nodes > 1 ? 'proxy+relay' : 'proxy', nodes)
    const count = Math.max(leastSubscribers, Math.round(subscribersWanted * Math.min(1, scale)))
    const publisher = await startQueue(cluster, 'PUBLISHER', tables)
    const readers = new Readers(cluster, count)
    for (let group = 0; group < processes; group += 1) await readers.start(group)
    const stage = new Stage(cluster, readers, publisher)
    for (let node = 0; node < nodes; node += 1) await stage.cluster(node)
    await stage.publisher()
    await stage.readers(1)
    const verdict = addVerdicts(...stage.verdicts)
    const worst = Math.max(...stage.healMs)
    return {
      injected: stage.healMs.length,
      verdict,
      healMs: stage.healMs,
      demands: [
        atMost('every table live after a restart, worst', 'ms', worst, liveMs, 5),
        atMost('lost on the way', 'updates', verdict.reported, 0),
        atLeast('subscribers', 'queues', readers.all.length, count),
      ],
      notes: stage.notes,
    }
  },
}
