import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Loss } from '../../src/model/loss.ts'
import type { SubscribeOptions } from '../../src/queue/options.ts'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'
import type { UpdateQueue } from '../../src/queue/update-queue.ts'
import { defaultSubscriberLimits } from '../../src/subscriber/subscriber-limits.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import type { Shape } from '../harness/definition-file.ts'
import { patienceMs } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available, python } from '../harness/tools.ts'

interface Tables {
  FOREIGN: { N: number; KEY: number }
  OTHER: { N: number; KEY: number }
}

const burst = 20_000
const keys = 10
/** So large that some of a burst come to more bytes than a subscriber holds: it has to ask for what it let go. */
const largeText = 32 * 1024
const large = { inOnePiece: 250, pieces: 10 }

const hasPython = available('the contract for programs that are not ours', 'python')
const queues: UpdateQueue<Tables>[] = []

afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()))
})
endProcessesAfterEach()

async function openQueue(cluster: TestCluster, process: string, node: number) {
  const { definition } = cluster
  const { host } = cluster.node(node)
  const queue = await openUpdateQueue<Tables>({ process, definition, host, drainMs: patienceMs })
  queues.push(queue)
  return queue
}

/** A program on the first node, and a queue on the last. */
async function stage(shape: Shape, nodes: number) {
  const cluster = await TestCluster.start(shape, nodes)
  const program = new Child({
    name: 'foreign_lines.py',
    program: python() ?? '',
    arguments: [
      join(import.meta.dirname, 'processes', 'foreign_lines.py'),
      `tcp://${cluster.node().host}:${cluster.ports.inbound}`,
    ],
    ipc: false,
  })
  await program.says(/^ready$/m)
  const queue = await openQueue(cluster, 'SUBSCRIBER', nodes - 1)
  return { cluster, program, queue }
}

const publish = (program: Child, count: number, table = 'FOREIGN', length?: number) =>
  program.process.stdin?.write(`${[count, table, length].join(' ')}\n`)

/** The table of each time that the queue misses something, and asks for it. */
function behind(queue: UpdateQueue<Tables>): readonly string[] {
  const tables: string[] = []
  void (async () => {
    for await (const event of queue.status()) if (event.type === 'behind') tables.push(event.table)
  })()
  return tables
}

/** What a subscription is given. */
class Given {
  readonly numbers: number[] = []
  readonly losses: Loss[] = []
  /** The last record of each key. */
  readonly latest = new Map<number, number>()
  folded = 0
  /** Those that are not marked as foreign. */
  readonly unmarked: number[] = []

  constructor(queue: UpdateQueue<Tables>, options: SubscribeOptions<Tables> = {}) {
    const woken = Promise.withResolvers<void>()
    this.wake = woken.resolve
    const isAsleep = options.whenSlow !== undefined
    const subscription = queue.subscribe(['FOREIGN', 'OTHER'], {
      ...options,
      onDelivery: (delivery) => {
        if (delivery.type === 'loss') this.losses.push(...delivery.losses)
        else {
          if (delivery.type === 'conflated') this.folded += delivery.folded
          for (const { record, foreign } of delivery.updates) {
            this.numbers.push(record.N)
            if (!foreign) this.unmarked.push(record.N)
            this.latest.set(record.KEY, record.N)
          }
        }
        return isAsleep ? woken.promise : undefined
      },
    })
    this.ready = subscription.ready
  }

  readonly ready: Promise<void>
  /** Of one that has `whenSlow`: its handler waits until then. */
  readonly wake: () => void
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const shapes: readonly [shape: Shape, nodes: number][] = [
  ['mesh', 1],
  ['proxy', 1],
  ['mesh+relay', 2],
  ['proxy+relay', 2],
]

for (const [shape, nodes] of shapes) {
  it.runIf(hasPython)(
    `${shape}: from ready on all of a foreign program comes in order, filtered where that is wanted`,
    async () => {
      const { program, queue } = await stage(shape, nodes)
      const all = new Given(queue)
      const some = new Given(queue, { where: { FOREIGN: { KEY: 3, N: { gt: 100 } } } })
      await Promise.all([all.ready, some.ready])
      publish(program, 1_000)
      publish(program, 10, 'OTHER')
      await expect.poll(() => all.numbers.length).toBe(1_010)
      expect(all.numbers).toEqual(upTo(1_010))
      const wanted = upTo(1_010).filter((n) => n > 1_000 || (n % keys === 3 && n > 100))
      await expect.poll(() => some.numbers.length).toBe(wanted.length)
      expect(some.numbers).toEqual(wanted)
      expect([...all.losses, ...some.losses]).toEqual([])
    },
  )

  it.runIf(hasPython)(
    `${shape}: a slow subscriber catches up from what the intake retains, or has the latest of each key`,
    async () => {
      const { program, queue } = await stage(shape, nodes)
      const missed = behind(queue)
      const slow = new Given(queue, { whenSlow: 'repair', limit: { updates: 100 } })
      const latest = new Given(queue, { whenSlow: 'conflate', key: 'KEY', limit: { updates: 100 } })
      const fast = new Given(queue)
      await Promise.all([slow.ready, latest.ready, fast.ready])
      for (let piece = 1; piece <= large.pieces; piece++) {
        publish(program, large.inOnePiece, 'FOREIGN', largeText)
        await expect.poll(() => fast.numbers.length).toBe(piece * large.inOnePiece)
      }
      const count = large.pieces * large.inOnePiece
      const { heldBytes } = defaultSubscriberLimits
      const notGiven = (count - slow.numbers.length - 100) * largeText
      expect(notGiven).toBeGreaterThan(heldBytes)
      expect(queue.stats().heldBytes).toBeLessThanOrEqual(heldBytes)
      slow.wake()
      latest.wake()
      await expect.poll(() => slow.numbers.length).toBe(count)
      expect(slow.numbers).toEqual(upTo(count))
      expect(slow.unmarked).toEqual([])
      expect(missed).toContain('FOREIGN')
      const last = upTo(keys).map((n) => count - keys + n)
      await expect.poll(() => [...latest.latest.values()].toSorted((a, b) => a - b)).toEqual(last)
      expect(latest.folded).toBeGreaterThan(0)
      expect([...slow.losses, ...latest.losses, ...fast.losses]).toEqual([])
    },
  )

  it.runIf(hasPython)(
    `${shape}: flush() of others ends with everybody while a foreign program publishes`,
    async () => {
      const { cluster, program, queue } = await stage(shape, nodes)
      const subscriber = new Given(queue)
      const publisher = await openQueue(cluster, 'PUBLISHER', 0)
      const own = new Given(publisher)
      await Promise.all([subscriber.ready, own.ready])
      publish(program, burst)
      await expect.poll(() => subscriber.numbers.length).toBeGreaterThan(0)
      publisher.publish({ table: 'OTHER', kind: 'insert', record: { N: -1, KEY: -1 } })
      const { confirmed, missing } = await publisher.flush()
      expect(missing).toEqual([])
      expect(confirmed.map(({ process }) => process)).toEqual(['SUBSCRIBER'])
      expect(subscriber.numbers).toContain(-1)
      await expect.poll(() => subscriber.numbers.length).toBe(burst + 1)
      expect(subscriber.numbers.filter((n) => n > 0)).toEqual(upTo(burst))
    },
  )
}
