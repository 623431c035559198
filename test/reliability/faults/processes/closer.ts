/** Opens queues, publishes, closes them: as scripts or processes, many in one life of this process. */
import { writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { OpenOptions, UpdateQueue } from '../../../../src/index.ts'
import { openUpdateQueue } from '../../../../src/index.ts'
import type { PublishedStream } from '../judge.ts'
import { monotonicMs, Orders } from '../order.ts'
import { serve } from '../serve.ts'

export interface Closing {
  readonly options: OpenOptions
  readonly table: string
  readonly updates: number
  /** Updates of one turn of the event loop: of one message. */
  readonly perTurn: number
  /** Characters that each record has beside: what waits for a subscriber fills its connection. */
  readonly padding?: number
}

export interface Closed extends PublishedStream {
  /** When `close()` was called: milliseconds of the machine's monotonic clock. */
  readonly beganAt: number
}

async function publish(closing: Closing): Promise<UpdateQueue> {
  const { options, table, updates, perTurn, padding = 0 } = closing
  const PADDING = 'x'.repeat(padding)
  const queue = await openUpdateQueue(options)
  const orders = new Orders(queue.identity.process, [table])
  for (let left = updates; left > 0;) {
    for (let turn = Math.min(left, perTurn); turn > 0; turn -= 1, left -= 1)
      queue.publish(orders.next(1).map((one) => ({ ...one, record: { ...one.record, PADDING } })))
    if (left > 0) await nextTurn()
  }
  return queue
}

const calls = {
  /** One after the other is opened, publishes and is closed. */
  async close(closing: Closing): Promise<Closed> {
    const queue = await publish(closing)
    const beganAt = monotonicMs()
    await queue.close()
    const { incarnation } = queue.identity
    const { table, updates: last } = closing
    return { incarnation, table, last, beganAt }
  },
  /** All are open and publish; then the process exits without closing any. Says so on stdout. */
  async exit(closings: readonly Closing[]): Promise<void> {
    const queues = await Promise.all(closings.map(({ options }) => openUpdateQueue(options)))
    const published: PublishedStream[] = queues.map((queue, index) => {
      const { table, updates } = closings[index] as Closing
      const orders = new Orders(queue.identity.process, [table])
      for (let update = 0; update < updates; update += 1) queue.publish(orders.next(1))
      return { incarnation: queue.identity.incarnation, table, last: updates }
    })
    // Written at once: the exit would cut off what is still under way.
    writeSync(1, JSON.stringify(published))
    process.exit(0)
  },
}

export type CloserCalls = typeof calls

serve(calls)
