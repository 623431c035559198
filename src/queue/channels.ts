import { channel, tracingChannel } from 'node:diagnostics_channel'
import { isPromise } from '../base/is-promise.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Published } from '../model/published.ts'
import type { NewChange } from '../model/reset.ts'
import type { Delivery } from '../model/update.ts'
import type { FlushResult } from './flush-result.ts'
import type { QueueEvent } from './queue-event.ts'

/** What every message says: of which queue of this process it is. */
export interface OfQueue {
  readonly queue: PublisherIdentity
}

/** A message about what `status()` tells as well: the event, and of which queue it is. */
export type EventMessage<Type extends QueueEvent['type'] = QueueEvent['type']> = OfQueue &
  Extract<QueueEvent, { readonly type: Type }>

/**
 * A channel of `node:diagnostics_channel`. Who tells something looks first whether anybody listens: without a
 * listener a message costs one look.
 */
export class PointChannel<Message extends object> {
  readonly #channel

  constructor(name: string) {
    this.#channel = channel(name)
  }

  get isHeard(): boolean {
    return this.#channel.hasSubscribers
  }

  tell(message: Message): void {
    this.#channel.publish(message)
  }
}

/** A tracing channel of `node:diagnostics_channel`: what takes time, from its start to its end or error. */
export class TraceChannel<Context extends object> {
  readonly #channel

  constructor(name: string) {
    this.#channel = tracingChannel<object>(name)
  }

  get isHeard(): boolean {
    return this.#channel.hasSubscribers
  }

  /** What ends when it returns. */
  sync<Value>(context: Context, run: () => Value): Value {
    return this.#channel.traceSync(run, context)
  }

  /** What ends when its promise settles. */
  promise<Value>(context: Context, run: () => Promise<Value>): Promise<Value> {
    return this.isHeard ? this.#channel.tracePromise(run, context) : run()
  }

  /** A callback of the application, which may return a promise or not: `asyncEnd` comes in either case. */
  callback(context: Context, run: () => unknown): unknown {
    const { start, end, error } = this.#channel
    const told: Context & { error?: unknown } = context
    return start.runStores(told, () => {
      try {
        const result = run()
        if (isPromise(result)) return this.#settled(told, result)
        this.#asyncEnd(told)
        return result
      } catch (failure) {
        told.error = failure
        error.publish(told)
        this.#asyncEnd(told)
        throw failure
      } finally {
        end.publish(told)
      }
    })
  }

  async #settled(context: Context & { error?: unknown }, work: PromiseLike<unknown>) {
    try {
      return await work
    } catch (failure) {
      context.error = failure
      this.#channel.error.publish(context)
      throw failure
    } finally {
      this.#asyncEnd(context)
    }
  }

  #asyncEnd(context: Context): void {
    this.#channel.asyncStart.publish(context)
    this.#channel.asyncEnd.publish(context)
  }
}

/** Of `publish()`, `reset()` and what a `commit()` publishes. `result` is there at the end. */
export interface PublishTrace extends OfQueue {
  readonly changes: NewChange | readonly NewChange[]
  readonly result?: Published
}

/** Of `onDelivery`: it ends when the promise settles that the handler returned. */
export interface HandlerTrace extends OfQueue {
  readonly delivery: Delivery
}

/** Of `flush()`; `drain()` and `close()` wait as well, and are not told here. */
export interface FlushTrace extends OfQueue {
  readonly result?: FlushResult
}

/** Of `openUpdateQueue()`. */
export interface OpenTrace {
  /** The name of the process or the script. */
  readonly name: string
}

/** Of `read` and `readKeys` of a live table. */
export interface ReadTrace extends OfQueue {
  readonly table: string
  /** How many rows are read by their keys; null: the whole table. */
  readonly keys: number | null
}

/** What was handed over to the application, when it was. */
export interface DeliveryMessage extends OfQueue {
  readonly delivery: Delivery
  /** Who has it: `onDelivery`, or who iterates. */
  readonly to: 'handler' | 'iterator'
}

export const traces = {
  publish: new TraceChannel<PublishTrace>('tidings:publish'),
  handler: new TraceChannel<HandlerTrace>('tidings:handler'),
  flush: new TraceChannel<FlushTrace>('tidings:flush'),
  open: new TraceChannel<OpenTrace>('tidings:open'),
  read: new TraceChannel<ReadTrace>('tidings:read'),
} as const

export const points = {
  delivery: new PointChannel<DeliveryMessage>('tidings:delivery'),
  loss: new PointChannel<EventMessage<'loss'>>('tidings:loss'),
  reset: new PointChannel<EventMessage<'loss'>>('tidings:reset'),
  behind: new PointChannel<EventMessage<'behind'>>('tidings:behind'),
  repaired: new PointChannel<EventMessage<'repaired'>>('tidings:repaired'),
  publisher: new PointChannel<EventMessage>('tidings:publisher'),
  connection: new PointChannel<EventMessage>('tidings:connection'),
  refused: new PointChannel<EventMessage<'refused'>>('tidings:refused'),
} as const
