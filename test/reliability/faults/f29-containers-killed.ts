import { container } from '../../harness/place.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { atMost, type FaultRow } from './fault-row.ts'
import { addVerdicts, type PublishedStream, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { countOf, publishedBy, receives, settled, type Place } from './settled.ts'

const tables = ['TRADE', 'POSITION']
const load = { updatesPerTurn: 16, pauseMs: 6, size: 4 }

/** At scale 1. */
const roundsWanted = 40
const leastRounds = 2

/** Updates that go through before the containers are killed again. */
const updatesALife = 2_000

/** From the start of the new containers until a queue is open in each, and what one publishes arrives. */
const backMs = 10_000

/** Three containers of one node, each with pid 1, and somebody on the other node who lives through it all. */
class Stage {
  readonly published: PublishedStream[] = []
  readonly verdicts: Verdict[] = []
  readonly healMs: number[] = []
  readonly #cluster: TestCluster

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  /** All three start at once, and are killed at once when enough has gone through. */
  async live(): Promise<void> {
    const began = monotonicMs()
    const node = this.#cluster.node()
    const [publisher, subscriber] = await Promise.all([
      this.#open('PUBLISHER', tables),
      this.#open('SUBSCRIBER', []),
      node.start({}, container),
    ])
    await subscriber.participant.call('subscribe', { key: subscriber.key, tables })
    await publisher.participant.call('load', { key: publisher.key, ...load })
    await receives(subscriber, 1)
    this.healMs.push(monotonicMs() - began)
    await receives(subscriber, updatesALife)
    await publisher.participant.call('stop', { key: publisher.key })
    const published = await publishedBy([publisher])
    this.verdicts.push(await settled(subscriber, published))
    this.published.push(...published)
    const all = [publisher.participant.child, subscriber.participant.child, node.child]
    await Promise.all(all.map((child) => child.end('SIGKILL')))
  }

  async #open(key: string, declared: readonly string[]): Promise<Place> {
    const options = { clusterTimeoutMs: 60_000 }
    return {
      participant: await startQueue(this.#cluster, key, declared, options, 0, container),
      key,
    }
  }
}

export const containersKilled: FaultRow = {
  id: 'F29',
  fault:
    'GENESIS_CLUSTER, a publisher and a subscriber in containers, all killed together, again and again',
  how: 'each is pid 1 of its own pid namespace; SIGKILL of all three at once, and all three start again at once under their names',
  needs: ['container'],
  async run({ scale }) {
    const cluster = await TestCluster.reserve('proxy+relay', 2)
    await cluster.node(1).start()
    const key = 'WITNESS'
    const witness = { participant: await startQueue(cluster, key, [], {}, 1), key }
    await witness.participant.call('subscribe', { key, tables })
    const stage = new Stage(cluster)
    const rounds = Math.max(leastRounds, Math.round(roundsWanted * scale))
    for (let round = 0; round < rounds; round += 1) await stage.live()
    const seen = await settled(witness, stage.published)
    const worst = Math.max(...stage.healMs)
    return {
      injected: rounds,
      verdict: addVerdicts(...stage.verdicts, seen),
      healMs: stage.healMs,
      demands: [atMost('open and through again, worst', 'ms', worst, backMs, 5)],
      notes: [`${countOf(stage.published)} updates in ${rounds} lives of three containers`],
    }
  },
}
