import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { atLeast, atMost, type FaultRow } from './fault-row.ts'
import { addVerdicts, judge, noVerdict, type PublishedStream, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue, type Participant } from './participant.ts'
import type { Closing, CloserCalls } from './processes/closer.ts'
import { Remote } from './remote.ts'

/** Scripts at scale 1: half of them close, half of them exit. */
const scriptsWanted = 10_000

/** Scripts that close at one time. */
const sideBySide = 8

/** One script in so many is an OS process of its own; the others are queues of one. */
const processEvery = 50

/** Scripts that one process takes along when it exits. */
const exitingTogether = 25
const leastExits = 2

const updates = 3
const table = 'SETTLEMENT'
const waitedMs = 50_000
const toldWithinMs = 10_000

class Scripts {
  readonly published: PublishedStream[] = []
  readonly exitedAt = new Map<string, number>()
  processes = 0
  readonly #cluster: TestCluster
  #number = 0

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  async close(count: number): Promise<void> {
    let left = count
    const shared = this.#process()
    const run = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        if (left % processEvery === 0) await this.#closeAlone()
        else this.published.push(await shared.call('close', this.#closing()))
      }
    }
    await Promise.all(Array.from({ length: sideBySide }, run))
    await shared.child.end('SIGKILL')
  }

  async exit(count: number): Promise<void> {
    for (let left = count; left > 0; left -= exitingTogether) {
      const script = this.#process()
      let output = ''
      script.child.process.stdout?.on('data', (text: string) => (output += text))
      const closings = Array.from({ length: exitingTogether }, () => this.#closing())
      void script.call('exit', closings).catch(() => undefined)
      await script.child.ended
      const at = monotonicMs()
      const published = JSON.parse(output) as PublishedStream[]
      for (const stream of published) this.exitedAt.set(stream.incarnation, at)
      this.published.push(...published)
    }
  }

  #process(): Remote<CloserCalls> {
    this.processes += 1
    return new Remote<CloserCalls>('SCRIPT', 'closer.ts')
  }

  async #closeAlone(): Promise<void> {
    const script = this.#process()
    this.published.push(await script.call('close', this.#closing()))
    await script.child.end('SIGKILL')
  }

  #closing(): Closing {
    this.#number += 1
    const { definition } = this.#cluster
    const { host } = this.#cluster.node()
    const options = { script: `SETTLE_${this.#number}`, definition, host, drainMs: 20_000 }
    return { options, table, updates, perTurn: updates }
  }
}

/** Waits until the subscriber accounts for all of them; what is missing then is silent. */
async function accountFor(
  subscriber: Participant,
  published: readonly PublishedStream[],
): Promise<{ verdict: Verdict; tellingMs: number[] }> {
  const key = 'SUBSCRIBER'
  const judged = async () => judge(published, await subscriber.call('recorded', { key }))
  const isTold = async () => (await judged()).silent === 0
  await eventually('all scripts are accounted for', isTold, waitedMs).catch(() => undefined)
  return { verdict: await judged(), tellingMs: [] }
}

async function runShape(shape: 'mesh' | 'proxy', scripts: number) {
  const cluster = await TestCluster.start(shape, 1)
  const subscriber = await startQueue(cluster, 'SUBSCRIBER')
  await subscriber.call('subscribe', { key: 'SUBSCRIBER', tables: [table] })
  const closing = new Scripts(cluster)
  await closing.close(scripts / 2)
  const closed = await accountFor(subscriber, closing.published)
  const exiting = new Scripts(cluster)
  await subscriber.call('subscribe', { key: 'SUBSCRIBER', tables: [table] })
  await exiting.exit(Math.max(leastExits * exitingTogether, scripts / 2))
  const exited = await accountFor(subscriber, exiting.published)
  const { losses } = await subscriber.call('recorded', { key: 'SUBSCRIBER' })
  const healMs = losses.flatMap(({ publisher, at }) => {
    const exitedAt = exiting.exitedAt.get(publisher?.incarnation ?? '')
    return exitedAt === undefined ? [] : [Math.max(0, at - exitedAt)]
  })
  const lives = closing.published.length + exiting.published.length
  const processes = closing.processes + exiting.processes
  return { lives, processes, closed: closed.verdict, exited: exited.verdict, healMs }
}

export const scripts: FaultRow = {
  id: 'F4',
  fault: 'scripts: open, publish, close, 8 at a time; and process.exit() at once',
  how: 'half close, half exit; mesh and proxy; 3 updates each',
  async run({ scale }) {
    const count = Math.ceil((scriptsWanted * scale) / 2)
    const parts: Awaited<ReturnType<typeof runShape>>[] = []
    for (const shape of ['mesh', 'proxy'] as const) parts.push(await runShape(shape, count))
    const sum = (of: (part: (typeof parts)[number]) => number): number =>
      parts.reduce((total, part) => total + of(part), 0)
    const verdict = addVerdicts(
      noVerdict(),
      ...parts.flatMap(({ closed, exited }) => [closed, exited]),
    )
    const healMs = parts.flatMap((part) => part.healMs)
    const lives = sum((part) => part.lives)
    return {
      injected: lives,
      verdict,
      healMs,
      demands: [
        atMost(
          'lost of those that closed',
          'updates',
          sum(({ closed }) => closed.reported),
          0,
        ),
        atMost(
          'open loss told after the exit, worst',
          'ms',
          Math.max(0, ...healMs),
          toldWithinMs,
          5,
        ),
        atLeast('scripts', 'scripts', lives, count * 2),
      ],
      notes: [
        `${sum((part) => part.processes)} OS processes: one closing script in ${processEvery} has one of its own, the others share one; ${exitingTogether} exit with each`,
      ],
    }
  },
}
