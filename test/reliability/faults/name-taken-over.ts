import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { addMeasured, atMost, type Measured } from './fault-row.ts'
import type { PublishedStream } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { publishedBy, receives, settled, type Place } from './settled.ts'

const tables = ['TRADE', 'POSITION']
const load = { updatesPerTurn: 8, pauseMs: 5, size: 2 }

/** Updates of each life that come before anything happens to it. */
const updatesBefore = 200

/** From the question for the name until an update of the one that has it arrives; the holder has a second of it. */
const heardWithinMs = 10_000

/** A publisher, in one of two lives of a name. */
interface Life extends Place {
  readonly incarnation: string
}

class Stage {
  readonly published: PublishedStream[] = []
  readonly healMs: number[] = []
  /** Of those that lost their name: who was not told so, and whose end the subscriber was not told. */
  untold = 0
  endsUntold = 0
  readonly #cluster: TestCluster
  readonly #subscriber: Place

  private constructor(cluster: TestCluster, subscriber: Place) {
    this.#cluster = cluster
    this.#subscriber = subscriber
  }

  static async start(shape: 'mesh' | 'proxy+relay'): Promise<Stage> {
    const nodes = shape === 'mesh' ? 1 : 2
    const cluster = await TestCluster.start(shape, nodes)
    const key = 'WATCHER'
    const participant = await startQueue(cluster, key, [], {}, nodes - 1)
    await participant.call('subscribe', { key, tables })
    return new Stage(cluster, { participant, key })
  }

  /** One stands still while it publishes, the next has its name, and the first one wakes. */
  async takeOver(key: string): Promise<void> {
    const first = await this.#live(key)
    first.participant.child.signal('SIGSTOP')
    const asked = monotonicMs()
    const second = await this.#live(key)
    this.healMs.push(monotonicMs() - asked)
    await this.#isTrue(
      async () => (await this.#openLossesOf(first)) > 0,
      () => (this.endsUntold += 1),
    )
    first.participant.child.signal('SIGCONT')
    const isTold = () => /lost its name.*\[NAME_TAKEN\]/.test(first.participant.child.log)
    await this.#isTrue(isTold, () => (this.untold += 1))
    for (const life of [first, second]) await life.participant.call('stop', { key })
    this.published.push(...(await publishedBy([first, second])))
    for (const { participant } of [first, second]) await participant.child.end('SIGKILL')
  }

  judge() {
    return settled(this.#subscriber, this.published)
  }

  async #live(key: string): Promise<Life> {
    const { deliveries } = await this.#progress()
    const participant = await startQueue(this.#cluster, key, tables)
    await participant.call('load', { key, ...load })
    await receives(this.#subscriber, deliveries + updatesBefore)
    const [stream] = await publishedBy([{ participant, key }])
    return { participant, key, incarnation: stream?.incarnation ?? '' }
  }

  #progress() {
    const { participant, key } = this.#subscriber
    return participant.call('progress', { key })
  }

  async #openLossesOf({ incarnation }: Life): Promise<number> {
    const { participant, key } = this.#subscriber
    const { losses } = await participant.call('recordedOf', { key, incarnation })
    return losses.filter(({ to }) => to === null).length
  }

  async #isTrue(holds: () => boolean | Promise<boolean>, failed: () => void): Promise<void> {
    await eventually('it is told', holds).catch(failed)
  }
}

async function runShape(shape: 'mesh' | 'proxy+relay', times: number): Promise<Measured> {
  const stage = await Stage.start(shape)
  for (let time = 1; time <= times; time += 1) await stage.takeOver(`HOLDER_${time}`)
  const verdict = await stage.judge()
  const worst = Math.max(...stage.healMs)
  return {
    injected: times,
    verdict,
    healMs: stage.healMs,
    demands: [
      atMost(`${shape}: lost their names untold`, 'processes', stage.untold, 0),
      atMost(`${shape}: ends of theirs untold`, 'processes', stage.endsUntold, 0),
      atMost(`${shape}: the next one heard after, worst`, 'ms', worst, heardWithinMs, 5),
    ],
    notes: [],
  }
}

/** A publisher stands still (SIGSTOP) while another process takes its name, and wakes behind that. */
export async function namesTakenOver(times: number): Promise<Measured> {
  return addMeasured(await runShape('mesh', times), await runShape('proxy+relay', times))
}
