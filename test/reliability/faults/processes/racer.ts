/** One queue on each node in one process: what one of them is ready for, the others publish at once. */
import type { Subscription, UpdateQueue } from '../../../../src/index.ts'
import { openUpdateQueue } from '../../../../src/index.ts'
import type { PublishedStream } from '../judge.ts'
import { monotonicMs, Orders } from '../order.ts'
import { Recorder } from '../recorder.ts'
import { serve } from '../serve.ts'

export interface Racing {
  readonly definition: string
  readonly hosts: readonly string[]
  /** Told apart from those of other racers. */
  readonly name: string
  /** Default: a minute. */
  readonly clusterTimeoutMs?: number
}

interface Runner {
  readonly queue: UpdateQueue
  readonly orders: Orders
}

const racers: Runner[] = []
const trials: { recorder: Recorder; published: PublishedStream[]; subscription: Subscription }[] =
  []

const calls = {
  async open({ definition, hosts, name, clusterTimeoutMs = 60_000 }: Racing): Promise<void> {
    const opened = await Promise.all(
      hosts.map((host, index) =>
        openUpdateQueue({
          process: `${name}_${index}`,
          definition,
          host,
          clusterTimeoutMs,
        }),
      ),
    )
    for (const queue of opened)
      racers.push({ queue, orders: new Orders(queue.identity.process, []) })
    // All of them are publishers from here on, so that everybody waits for everybody.
    for (const { queue, orders } of racers) queue.publish(orders.of('HELLO'))
  },
  /**
   * Each queue subscribes to a table of its own; in the very next microtask after `ready` all others
   * publish there. Resolves with the milliseconds from `subscribe()` to `ready`.
   */
  async race(table: string): Promise<number[]> {
    return Promise.all(
      racers.map(async (racer, index) => {
        const own = `${table}_${racer.queue.identity.process}`
        const recorder = new Recorder()
        const began = monotonicMs()
        const subscription = racer.queue.subscribe(own, {
          onDelivery: (delivery) => recorder.take(delivery),
        })
        await subscription.ready
        const readyMs = monotonicMs() - began
        const published = racers
          .filter((_, other) => other !== index)
          .map(({ queue, orders }) => {
            queue.publish(orders.of(own))
            return { incarnation: queue.identity.incarnation, table: own, last: 1 }
          })
        trials.push({ recorder, published, subscription })
        return readyMs
      }),
    )
  },
  /** What each subscription was owed and was given. */
  trials: () =>
    trials.map(({ recorder, published }) => ({ published, recorded: recorder.recorded })),
  /** Ends the subscriptions: the next ones race with that. */
  async stop(): Promise<void> {
    await Promise.all(trials.splice(0).map(({ subscription }) => subscription.stop()))
  },
}

export type RacerCalls = typeof calls

serve(calls)
