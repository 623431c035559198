import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inBackground } from '../base/background.ts'
import { systemClock } from '../base/clock.ts'
import type { DeliveryMessage, HandlerTrace } from '../queue/channels.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { DurationHistogram } from './duration-histogram.ts'

const deliveries = 'tidings:delivery'
const handlers = 'tidings:handler'

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
    const stop = times.#listen(queue.identity.incarnation)
    inBackground(queue.closed.then(stop), stop)
    return times
  }

  #listen(incarnation: string): () => void {
    const begun = new WeakMap<object, number>()
    const isOurs = (message: unknown): boolean =>
      (message as HandlerTrace).queue.incarnation === incarnation
    const onDelivery = (message: unknown): void => {
      if (isOurs(message)) this.#delivered(message as DeliveryMessage)
    }
    const onStart = (context: unknown): void => {
      if (isOurs(context)) begun.set(context as HandlerTrace, systemClock.now())
    }
    const onEnd = (context: unknown): void => {
      const at = begun.get(context as HandlerTrace)
      if (at !== undefined) this.handlers.observe((systemClock.now() - at) / 1000)
    }
    const trace = tracingChannel(handlers)
    subscribe(deliveries, onDelivery)
    trace.start.subscribe(onStart)
    trace.asyncEnd.subscribe(onEnd)
    return () => {
      unsubscribe(deliveries, onDelivery)
      trace.start.unsubscribe(onStart)
      trace.asyncEnd.unsubscribe(onEnd)
    }
  }

  /** By the oldest update of the delivery. The clocks of two hosts may differ: none arrives before it leaves. */
  #delivered({ delivery }: DeliveryMessage): void {
    if (delivery.type === 'loss') return
    const publishedAt = delivery.updates[0]?.publishedAt
    if (publishedAt === undefined) return
    this.delays.observe(Math.max(0, systemClock.wallClock() - publishedAt) / 1000)
  }
}

const listening = new WeakMap<UpdateQueue, HandoverTimes>()
