import { Deque } from '../base/deque.ts'
import { EndOfTurn } from '../base/end-of-turn.ts'
import { isPromise } from '../base/is-promise.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Loss } from '../model/loss.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Delivery, TablesOf, Update } from '../model/update.ts'
import type { StreamPosition } from '../subscriber/subscription-output.ts'
import { points, traces } from './channels.ts'
import type { ConflationOutput } from './conflation.ts'
import type { ConflationKeys } from './conflation-key.ts'
import {
  type DeliveryLimit,
  type WaitingDelivery,
  WaitingDeliveries,
} from './waiting-deliveries.ts'

export type { DeliveryLimit } from './waiting-deliveries.ts'

/**
 * Encoded bytes handed over until the event loop gets its turn: an application that catches up on what
 * waits and is held would otherwise take all of it at once, and stop the rest of its process for seconds.
 */
export const bytesPerTurn = 1024 * 1024

interface DeliveryQueueEvents extends ConflationOutput {
  /** Of which queue of this process the subscription is. */
  readonly queue: PublisherIdentity
  /** Deliveries have been handed over. */
  consumed(): void
  /** Runs when the current turn of the event loop is over. */
  endOfTurn(run: () => void): void
  handlerFailed(error: unknown): void
}

type Handler<Tables extends TablesOf> = (delivery: Delivery<Tables>) => unknown

/**
 * Between a subscription and the application: bounded, handed over to a callback (a returned promise
 * is back-pressure) or pulled by one iterator.
 */
export class DeliveryQueue<Tables extends TablesOf> {
  readonly #handler: Handler<Tables> | undefined
  readonly #events: DeliveryQueueEvents
  readonly #waiting: WaitingDeliveries<Tables>
  /** What the handler has, and has not taken yet: its promise is not settled. */
  #withHandler: WaitingDelivery<Tables> | null = null
  readonly #pulls = new Deque<PromiseWithResolvers<IteratorResult<Delivery<Tables>, undefined>>>()
  #isHandling = false
  readonly #lookForRoom: EndOfTurn
  #bytesThisTurn = 0
  /** Nothing is handed over until the event loop has had its turn. */
  #isPausing = false
  /** At the end of a turn of the event loop there was no room, nor has there been since. */
  #isFull = false
  #ended: { readonly error: TidingsError | undefined } | null = null

  readonly #canFold: boolean

  /** `keys`: what waits is folded by them when there is no room. */
  constructor(
    limit: DeliveryLimit,
    handler: Handler<Tables> | undefined,
    events: DeliveryQueueEvents,
    keys: ConflationKeys | null = null,
  ) {
    this.#handler = handler
    this.#events = events
    this.#canFold = keys !== null
    this.#lookForRoom = new EndOfTurn(events, () => {
      this.#isFull = !this.#waiting.hasRoom
    })
    this.#waiting = new WaitingDeliveries<Tables>(limit, keys, events)
  }

  get hasRoom(): boolean {
    return this.#waiting.hasRoom
  }

  get isUnderHalf(): boolean {
    return this.#waiting.isUnderHalf
  }

  get waitingUpdates(): number {
    return this.#waiting.updates
  }

  get waitingBytes(): number {
    return this.#waiting.bytes
  }

  /** When the oldest update was published that the application has not taken yet; null: there is none. */
  get oldestAt(): number | null {
    return this.#withHandler?.oldestAt ?? this.#waiting.oldestAt
  }

  /** True: what waits does so for the event loop, not for the application. */
  get isPausing(): boolean {
    return this.#isPausing
  }

  get isEnded(): boolean {
    return this.#ended !== null
  }

  /**
   * Folds what waits, where it can. True: there is room now. Much may come in one turn of the event
   * loop; an application that takes it before the next one is not slow, and nothing is folded.
   */
  makeRoom(): boolean {
    if (!this.#canFold) return false
    if (this.#isFull) {
      this.#isFull = false
      return this.#waiting.makeRoom()
    }
    this.#lookForRoom.ask()
    return false
  }

  updates(
    updates: Update[],
    incomplete: boolean,
    bytes: number,
    positions: readonly StreamPosition[],
  ): void {
    if (this.#ended) return
    this.#waiting.addUpdates(updates, incomplete, bytes, positions)
    this.#pass()
  }

  losses(losses: readonly Loss[], positions: readonly StreamPosition[], bytes = 0): void {
    if (this.#ended) return
    this.#waiting.addLosses(losses, positions, bytes)
    this.#pass()
  }

  /** Ends it; what waits is let go. Iterators end, or throw the error once. */
  end(error?: TidingsError): void {
    if (this.#ended) return
    this.#ended = { error }
    this.#waiting.clear()
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
    if (this.#ended?.error) return Promise.reject(this.#ended.error)
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    const pull = Promise.withResolvers<IteratorResult<Delivery<Tables>, undefined>>()
    this.#pulls.push(pull)
    this.#pass()
    return pull.promise
  }

  /** Hands what waits to whoever is there for it. */
  #pass(): void {
    if (this.#handler) {
      if (!this.#isHandling) this.#handle(this.#handler)
      return
    }
    while (!this.#isPausing && (this.#pulls.length > 0 || this.#waiting.isNextEmpty)) {
      const waiting = this.#waiting.shift()
      if (!waiting) return
      const value = waiting.delivery
      if (value) {
        this.#pulls.shift()?.resolve(new Pulled(value))
        this.#tell(value)
      }
      this.#handOver(waiting)
    }
  }

  #handle(handler: Handler<Tables>): void {
    this.#isHandling = true
    while (!this.#isPausing) {
      const waiting = this.#waiting.shift()
      if (!waiting) break
      const { delivery } = waiting
      const result = delivery && this.#call(handler, delivery)
      if (isPromise(result)) {
        this.#awaitHandler(handler, waiting, result)
        return
      }
      this.#handOver(waiting)
    }
    this.#isHandling = false
  }

  #awaitHandler(
    handler: Handler<Tables>,
    waiting: WaitingDelivery<Tables>,
    result: PromiseLike<unknown>,
  ) {
    this.#withHandler = waiting
    const goOn = (): void => {
      this.#withHandler = null
      this.#handOver(waiting)
      if (this.#ended) this.#isHandling = false
      else this.#handle(handler)
    }
    result.then(goOn, (error: unknown) => {
      this.#events.handlerFailed(error)
      goOn()
    })
  }

  #call(handler: Handler<Tables>, delivery: Delivery<Tables>): unknown {
    this.#tell(delivery)
    try {
      if (!traces.handler.isHeard) return handler(delivery)
      const { queue } = this.#events
      const call = (): unknown => handler(delivery)
      return traces.handler.callback({ queue, delivery: delivery as Delivery }, call)
    } catch (error) {
      this.#events.handlerFailed(error)
      return undefined
    }
  }

  /** That it is handed over now, to whoever listens. */
  #tell(delivery: Delivery<Tables>): void {
    if (!points.delivery.isHeard) return
    points.delivery.tell({
      queue: this.#events.queue,
      delivery: delivery as Delivery,
      to: this.#handler ? 'handler' : 'iterator',
    })
  }

  #handOver(waiting: WaitingDelivery<Tables>): void {
    this.#waiting.release(waiting)
    if (this.#waiting.hasRoom) this.#isFull = false
    for (const { stream, last } of waiting.positions) stream.consume(last)
    this.#bytesThisTurn += waiting.bytes
    if (this.#bytesThisTurn >= bytesPerTurn) this.#pause()
    this.#events.consumed()
  }

  #pause(): void {
    this.#bytesThisTurn = 0
    this.#isPausing = true
    this.#events.endOfTurn(() => {
      this.#isPausing = false
      this.#pass()
    })
  }
}

/** The result of an iterator. */
class Pulled<Value> {
  readonly done = false
  readonly value: Value

  constructor(value: Value) {
    this.value = value
  }
}
