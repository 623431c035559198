import { Deque } from '../base/deque.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Loss } from '../model/loss.ts'
import type { Delivery, TablesOf, Update } from '../model/update.ts'
import type { Position } from '../subscriber/subscription-output.ts'

/** How much may wait for the application; beyond it the subscription lets go and catches up later. */
export interface DeliveryLimit {
  readonly updates: number
  /** Encoded bytes. */
  readonly bytes: number
}

/** A second's worth for a fast consumer, and as much as one connection's high-water mark. */
export const defaultDeliveryLimit: DeliveryLimit = { updates: 262_144, bytes: 16 * 1024 * 1024 }

interface Waiting<Tables extends TablesOf> {
  readonly delivery: Delivery<Tables>
  readonly updates: number
  readonly bytes: number
  readonly positions: readonly Position[]
}

export interface DeliveryQueueEvents {
  /** Deliveries have been handed over. */
  consumed(): void
  handlerFailed(error: unknown): void
}

type Handler<Tables extends TablesOf> = (delivery: Delivery<Tables>) => unknown

/**
 * Between a subscription and the application: bounded, handed over to a callback (a returned promise
 * is back-pressure) or pulled by one iterator.
 */
export class DeliveryQueue<Tables extends TablesOf> {
  readonly #limit: DeliveryLimit
  readonly #handler: Handler<Tables> | undefined
  readonly #events: DeliveryQueueEvents
  readonly #waiting = new Deque<Waiting<Tables>>()
  readonly #pulls = new Deque<PromiseWithResolvers<IteratorResult<Delivery<Tables>, undefined>>>()
  #updates = 0
  #bytes = 0
  #isHandling = false
  #ended: { readonly error: TidingsError | undefined } | null = null

  constructor(
    limit: DeliveryLimit,
    handler: Handler<Tables> | undefined,
    events: DeliveryQueueEvents,
  ) {
    this.#limit = limit
    this.#handler = handler
    this.#events = events
  }

  get hasRoom(): boolean {
    return this.#updates < this.#limit.updates && this.#bytes < this.#limit.bytes
  }

  get isUnderHalf(): boolean {
    return this.#updates * 2 < this.#limit.updates && this.#bytes * 2 < this.#limit.bytes
  }

  get waitingUpdates(): number {
    return this.#updates
  }

  get isEnded(): boolean {
    return this.#ended !== null
  }

  updates(
    updates: Update[],
    incomplete: boolean,
    bytes: number,
    positions: readonly Position[],
  ): void {
    const typed = updates as Update<Tables>[]
    this.#push({
      delivery: incomplete
        ? { type: 'updates', updates: typed, incomplete }
        : { type: 'updates', updates: typed },
      updates: updates.length,
      bytes,
      positions,
    })
  }

  losses(losses: readonly Loss[], positions: readonly Position[]): void {
    const typed = losses as readonly Loss<keyof Tables & string>[]
    this.#push({ delivery: { type: 'loss', losses: typed }, updates: 0, bytes: 0, positions })
  }

  /** Ends it; what waits is let go. Iterators end, or throw the error once. */
  end(error?: TidingsError): void {
    if (this.#ended) return
    this.#ended = { error }
    this.#waiting.clear()
    this.#updates = 0
    this.#bytes = 0
    for (let pull = this.#pulls.shift(); pull; pull = this.#pulls.shift())
      if (error) pull.reject(error)
      else pull.resolve({ done: true, value: undefined })
  }

  /** The next delivery, for the one iterator of this subscription. */
  pull(): Promise<IteratorResult<Delivery<Tables>, undefined>> {
    if (this.#handler)
      return Promise.reject(
        new TidingsError('USAGE', 'this subscription has an onDelivery handler: do not iterate it'),
      )
    if (this.#ended?.error && this.#waiting.length === 0) return Promise.reject(this.#ended.error)
    const waiting = this.#waiting.shift()
    if (waiting) {
      this.#handOver(waiting)
      this.#events.consumed()
      return Promise.resolve({ done: false, value: waiting.delivery })
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    const pull = Promise.withResolvers<IteratorResult<Delivery<Tables>, undefined>>()
    this.#pulls.push(pull)
    return pull.promise
  }

  #push(waiting: Waiting<Tables>): void {
    if (this.#ended) return
    const pull = this.#pulls.shift()
    this.#updates += waiting.updates
    this.#bytes += waiting.bytes
    if (pull) {
      this.#handOver(waiting)
      pull.resolve({ done: false, value: waiting.delivery })
      this.#events.consumed()
      return
    }
    this.#waiting.push(waiting)
    if (this.#handler && !this.#isHandling) this.#handle(this.#handler)
  }

  #handle(handler: Handler<Tables>): void {
    this.#isHandling = true
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) {
      const result = this.#call(handler, waiting.delivery)
      if (isPromise(result)) {
        this.#awaitHandler(handler, waiting, result)
        return
      }
      this.#handOver(waiting)
      this.#events.consumed()
    }
    this.#isHandling = false
  }

  #awaitHandler(handler: Handler<Tables>, waiting: Waiting<Tables>, result: PromiseLike<unknown>) {
    const goOn = (): void => {
      this.#handOver(waiting)
      this.#events.consumed()
      if (this.#ended) this.#isHandling = false
      else this.#handle(handler)
    }
    result.then(goOn, (error: unknown) => {
      this.#events.handlerFailed(error)
      goOn()
    })
  }

  #call(handler: Handler<Tables>, delivery: Delivery<Tables>): unknown {
    try {
      return handler(delivery)
    } catch (error) {
      this.#events.handlerFailed(error)
      return undefined
    }
  }

  #handOver({ updates, bytes, positions }: Waiting<Tables>): void {
    this.#updates = Math.max(0, this.#updates - updates)
    this.#bytes = Math.max(0, this.#bytes - bytes)
    for (const { stream, last } of positions) stream.consumed = Math.max(stream.consumed, last)
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
