import { systemClock } from '../base/clock.ts'
import type { DeliveryMessage, HandlerTrace } from '../queue/channels.ts'
import { listenTo } from '../queue/heard-channels.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { deliveryDelay } from './delivery-delay.ts'
import { DurationHistogram } from './duration-histogram.ts'

/**
 * How long updates of one queue were on their way and how long its handlers took. It listens to the channels from the
 * first time that the figures of the queue are asked for until the queue is closed: who asks for none pays for none.
 */
export class HandoverTimes {
  readonly delays = new DurationHistogram()
  readonly handlers = new DurationHistogram()

  /** Listens to this queue. */
  static of(queue: UpdateQueue): HandoverTimes {
    const known = listening.get(queue)
    if (known) return known
    const times = new HandoverTimes()
    listening.set(queue, times)
    times.#listen(queue)
    return times
  }

  #listen(queue: UpdateQueue): void {
    const begun = new WeakMap<object, number>()
    listenTo(queue, {
      'tidings:delivery': ({ delivery }: DeliveryMessage) => {
        const seconds = deliveryDelay(delivery)
        if (seconds !== null) this.delays.observe(seconds)
      },
      'tracing:tidings:handler:start': (trace: HandlerTrace) => {
        begun.set(trace, systemClock.now())
      },
      'tracing:tidings:handler:asyncEnd': (trace: HandlerTrace) => {
        const at = begun.get(trace)
        if (at !== undefined) this.handlers.observe((systemClock.now() - at) / 1000)
      },
    })
  }
}

const listening = new WeakMap<UpdateQueue, HandoverTimes>()
