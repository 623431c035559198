import type { Delivery } from '../model/update.ts'
import type { Subscription } from '../queue/subscription-handle.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import type { SharedFeed } from '../streams/feed-set.ts'
import type { FrameSink } from '../streams/frame-sink.ts'
import { KeptCursor } from '../streams/kept-cursor.ts'
import { SharedEvents, type SharedEventsOptions } from '../streams/shared-events.ts'
import type { ClosedReason, StreamReader } from '../streams/stream-reader.ts'
import { deliveryEvents } from './delivery-events.ts'
import type { StreamRequest } from './stream-request.ts'

interface FeedOptions extends Omit<SharedEventsOptions, 'form'> {
  readonly queue: UpdateQueue
  readonly request: StreamRequest
}

/** Told where what came after `Last-Event-ID` is not known any more. */
const notKept = JSON.stringify({
  table: null,
  publisher: null,
  from: null,
  to: null,
  reason: 'not-kept',
})

/** One subscription for all streams of the same tables and filters: each commit is decoded once and written down once, however many read it. */
export class Feed implements SharedFeed {
  readonly events: SharedEvents
  readonly #request: StreamRequest
  readonly #subscription: Subscription
  #isReady = false

  /** @throws TidingsError USAGE, LIMIT_EXCEEDED, CLOSED */
  constructor({ queue, request, ...options }: FeedOptions) {
    this.#request = request
    this.events = new SharedEvents({ ...options, form: request.form })
    const { where, select } = request
    this.#subscription = queue.subscribe(request.tables, {
      where,
      select,
      onDelivery: (delivery: Delivery) => this.#take(delivery),
    })
    this.#subscription.ready.then(
      () => this.#becomeReady(),
      () => undefined,
    )
  }

  /** Resolves when its subscription has ended: with the error that ended it, or nothing. */
  get closed(): Subscription['closed'] {
    return this.#subscription.closed
  }

  /** The head of the answer is written. `lastEventId`: where the reader has stopped; null: it begins now. */
  join(sink: FrameSink, lastEventId: string | null): void {
    const { id, kept } = this.events
    const stoppedAt = lastEventId === null ? null : this.#keptNumberOf(lastEventId)
    const { form } = this.#request
    const cursor = new KeptCursor({ form, feedId: id, kept, from: stoppedAt ?? kept.last })
    const reader = this.events.join(sink, cursor)
    if (lastEventId !== null && stoppedAt === null) reader.tell({ name: 'loss', data: notKept })
    if (this.#isReady) this.#tellReady(reader)
    reader.pump()
  }

  /** Its readers are told why. */
  async close(reason: ClosedReason): Promise<void> {
    this.events.close(reason)
    await this.#subscription.stop()
  }

  #take(delivery: Delivery): void {
    for (const event of deliveryEvents(delivery)) this.events.add(event)
  }

  #becomeReady(): void {
    this.#isReady = true
    this.events.tellAll((reader) => this.#tellReady(reader))
  }

  #tellReady(reader: StreamReader): void {
    const { unreachable } = this.#subscription
    reader.tell({ name: 'ready', data: JSON.stringify({ unreachable }) })
  }

  /** null: what came after it is not kept here any more. */
  #keptNumberOf(lastEventId: string): number | null {
    const number = this.events.numberOf(lastEventId)
    return number !== null && this.events.kept.hasAllAfter(number) ? number : null
  }
}
