import { eventually } from '../../harness/eventually.ts'
import { ForeignProgram } from '../../harness/foreign-program.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import type { Loss, Update, UpdateQueue } from '../../../src/index.ts'
import { openUpdateQueue } from '../../../src/index.ts'
import { addMeasured, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { noVerdict, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'

/** Published while GENESIS_CLUSTER stands still, at scale 1; so long it does, milliseconds. */
const burstWanted = 100_000
const leastBurst = 10_000
const stillMs = 3_000
/** How often it is killed, at scale 1, and published in one go around that. */
const killsWanted = 10
const chunk = 1_000
const chunkMs = 20
const backMs = 5_000
/** A bound, no pace: then it is judged what has not come. */
const toldWithinMs = 60_000

type Shape = 'mesh' | 'proxy+relay'

/** One record that came: its own number, and where it stands in the stream of a life of the intake. */
interface Came {
  readonly number: number
  readonly life: string
  readonly sequence: number
}

/** What one subscription was given of a foreign program that counts its records. */
class Counted {
  readonly came: Came[] = []
  readonly losses: Loss[] = []

  get last(): number {
    return this.came.at(-1)?.number ?? 0
  }

  take({ record, publisher, sequence }: Update): void {
    const { N: number } = record as { N: number }
    this.came.push({ number, life: publisher?.incarnation ?? '', sequence: sequence ?? 0 })
  }

  /**
   * Of one life of the intake all that it took is delivered or told. Between two lives some is owed to nobody,
   * since no intake was there: a loss of the life before says where.
   */
  judge(last: number): Verdict & { readonly gaps: number } {
    const verdict = { ...noVerdict(), deliveries: this.came.length, gaps: 0 }
    let before: Came = { number: 0, life: this.came[0]?.life ?? '', sequence: 0 }
    for (const next of this.came) {
      const missing = next.number - before.number - 1
      if (missing === -1) verdict.duplicates += 1
      else if (missing < 0) verdict.outOfOrder += 1
      else if (missing > 0) {
        verdict.gaps += 1
        if (this.#isTold(before, next, missing)) verdict.reported += missing
        else verdict.silent += missing
      }
      before = next
    }
    verdict.silent += last - before.number
    return verdict
  }

  /** Of each life of the intake that has ended a loss has come: another node hears of its end behind what the next one sends. */
  get areEndsTold(): boolean {
    const lives = new Set(this.came.map(({ life }) => life))
    lives.delete(this.came.at(-1)?.life ?? '')
    for (const { publisher } of this.losses) lives.delete(publisher?.incarnation ?? '')
    return lives.size === 0
  }

  #isTold(before: Came, next: Came, missing: number): boolean {
    const ofIt = this.losses.filter(({ publisher }) => publisher?.incarnation === before.life)
    if (next.life !== before.life) return ofIt.length > 0
    const first = before.sequence + 1
    const isExact = next.sequence - first === missing
    return isExact && ofIt.some(({ from, to }) => from === first && to === next.sequence - 1)
  }
}

async function subscriber(cluster: TestCluster, node: number): Promise<[UpdateQueue, Counted]> {
  const { definition } = cluster
  const queue = await openUpdateQueue({ process: 'SUB', definition, host: cluster.node(node).host })
  const counted = new Counted()
  const subscription = queue.subscribe('FOREIGN', {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss') counted.losses.push(...delivery.losses)
      else for (const update of delivery.updates) counted.take(update)
    },
  })
  await subscription.ready
  return [queue, counted]
}

/** Resolves with the milliseconds until the last that was published is here. */
async function isHere(counted: Counted, number: number): Promise<number> {
  const began = monotonicMs()
  await eventually(`${number} is here`, () => counted.last >= number)
  return monotonicMs() - began
}

/** All of it comes: the program's socket and the kernel hold what nobody reads. */
async function standStill(
  cluster: TestCluster,
  program: ForeignProgram,
  counted: Counted,
  burst: number,
) {
  const { child } = cluster.node()
  child.process.kill('SIGSTOP')
  const began = monotonicMs()
  program.publish(burst)
  await eventually('it has stood still', () => monotonicMs() - began >= stillMs)
  child.process.kill('SIGCONT')
  return isHere(counted, program.published)
}

/** What the old life had and had not passed on is lost with it, and told; what comes behind arrives. */
async function kill(cluster: TestCluster, program: ForeignProgram, counted: Counted) {
  let goesOn = true
  const publishing = (async () => {
    while (goesOn) {
      program.publish(chunk)
      await new Promise((resolve) => setTimeout(resolve, chunkMs))
    }
  })()
  await isHere(counted, program.published + 5 * chunk)
  await cluster.node().end('SIGKILL')
  await cluster.node().start()
  const healMs = await isHere(counted, program.published)
  goesOn = false
  await publishing
  await program.hasSent()
  await isHere(counted, program.published)
  return healMs
}

async function measure(shape: Shape, burst: number, kills: number): Promise<Measured> {
  const nodes = shape === 'mesh' ? 1 : 2
  const cluster = await TestCluster.start(shape, nodes)
  const program = await ForeignProgram.start(cluster)
  const [queue, counted] = await subscriber(cluster, nodes - 1)
  const stillHealMs = await standStill(cluster, program, counted, burst)
  const still = counted.judge(program.published)
  const told = counted.losses.length
  const healMs = [stillHealMs]
  for (let n = 0; n < kills; n++) healMs.push(await kill(cluster, program, counted))
  await eventually('the end of each intake is told', () => counted.areEndsTold, toldWithinMs).catch(
    () => undefined,
  )
  const { gaps, ...verdict } = counted.judge(program.published)
  await queue.close()
  return {
    injected: 1 + kills,
    verdict,
    healMs,
    demands: [
      atMost(
        `${shape}: missing of a burst while it stood still`,
        'updates',
        still.reported + still.silent + told,
        0,
      ),
      atMost(`${shape}: gaps in what came around ${kills} kills`, 'gaps', gaps, kills),
      atMost(`${shape}: flow after it is back`, 'ms', Math.max(...healMs.slice(1)), backMs, 5),
    ],
    notes: [
      `${shape}: ${verdict.deliveries} delivered of ${program.published}, ${verdict.reported} between two lives`,
    ],
  }
}

export const foreignBurst: FaultRow = {
  id: 'F30',
  fault: 'a foreign program bursts while GENESIS_CLUSTER stands still, or is killed and comes back',
  how: 'SIGSTOP for 3 s, then SIGKILL and a new start under 50,000 messages/s of a pyzmq program, mesh and proxy+relay, the subscriber on the last node',
  needs: ['python'],
  async run({ scale }) {
    const burst = Math.max(leastBurst, Math.round(burstWanted * scale))
    const kills = Math.max(1, Math.round(killsWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['mesh', 'proxy+relay'] as const)
      parts.push(await measure(shape, burst, kills))
    return addMeasured(...parts)
  },
}
