import type { ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { EndOfTurn } from '../base/end-of-turn.ts'
import { randomId } from '../base/random.ts'
import type { Delivery } from '../model/update.ts'
import type { Subscription } from '../queue/subscription-handle.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { deliveryEvents } from './delivery-events.ts'
import { type ClosedReason, EventReader } from './event-reader.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { KeptEvents } from './kept-events.ts'
import { type StreamForm, streamFrame } from './stream-frame.ts'
import type { StreamRequest } from './stream-request.ts'

interface FeedOptions {
  readonly queue: UpdateQueue
  readonly request: StreamRequest
  readonly limits: GatewayLimits
  readonly clock: Clock
  /** It keeps more than before. */
  readonly grown: () => void
}

/** Told where what came after `Last-Event-ID` is not known any more. */
const notKept = JSON.stringify({
  table: null,
  publisher: null,
  from: null,
  to: null,
  reason: 'not-kept',
})

/**
 * One subscription for all streams of the same tables and filters: each commit is decoded once and written down once, however many
 * read it. Its latest events are kept, so that a reader that comes again goes on where it stopped.
 */
export class Feed {
  /** Tells its events from those of another life of it. */
  readonly id = randomId()
  readonly kept = new KeptEvents()
  readonly #form: StreamForm
  readonly #limits: GatewayLimits
  readonly #clock: Clock
  readonly #subscription: Subscription
  readonly #readers = new Set<EventReader>()
  readonly #endOfTurn: EndOfTurn
  readonly #grown: () => void
  #isReady = false
  #idleSince: number | null

  /** @throws TidingsError USAGE, LIMIT_EXCEEDED, CLOSED */
  constructor({ queue, request, limits, clock, grown }: FeedOptions) {
    this.#form = request.form
    this.#limits = limits
    this.#clock = clock
    this.#grown = grown
    this.#idleSince = clock.now()
    this.#endOfTurn = new EndOfTurn(clock, () => this.#pass())
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

  get readers(): number {
    return this.#readers.size
  }

  /** Since when nobody reads it, by the clock; null: somebody does. */
  get idleSince(): number | null {
    return this.#idleSince
  }

  /** Resolves when its subscription has ended: with the error that ended it, or nothing. */
  get closed(): Subscription['closed'] {
    return this.#subscription.closed
  }

  /** The head of the answer is written. `lastEventId`: where the reader has stopped; null: it begins now. */
  join(response: ServerResponse, lastEventId: string | null): void {
    const stoppedAt = lastEventId === null ? null : this.#numberOf(lastEventId)
    const reader = new EventReader({
      response,
      form: this.#form,
      feedId: this.id,
      kept: this.kept,
      from: stoppedAt ?? this.kept.last,
      limits: this.#limits,
      clock: this.#clock,
    })
    this.#readers.add(reader)
    this.#idleSince = null
    response.once('close', () => {
      this.#readers.delete(reader)
      if (this.#readers.size === 0) this.#idleSince = this.#clock.now()
    })
    if (lastEventId !== null && stoppedAt === null) reader.tell({ name: 'loss', data: notKept })
    if (this.#isReady) this.#tellReady(reader)
    reader.pump()
  }

  /** Called every `aliveMs`. */
  tick(): void {
    this.#trim()
    for (const reader of this.#readers) reader.tick()
  }

  /** Its readers are told why. */
  async close(reason: ClosedReason): Promise<void> {
    for (const reader of this.#readers) reader.close(reason)
    await this.#subscription.stop()
  }

  #take(delivery: Delivery): void {
    const now = this.#clock.now()
    for (const event of deliveryEvents(delivery)) {
      const id = `${this.id}.${this.kept.nextNumber}`
      this.kept.add(streamFrame(this.#form, id, event), now)
    }
    this.#endOfTurn.ask()
  }

  #becomeReady(): void {
    this.#isReady = true
    // What came in this turn came before.
    for (const reader of this.#readers) {
      reader.pump()
      this.#tellReady(reader)
    }
  }

  #tellReady(reader: EventReader): void {
    const { unreachable } = this.#subscription
    reader.tell({ name: 'ready', data: JSON.stringify({ unreachable }) })
  }

  /** Once a turn, however many commits came in it. */
  #pass(): void {
    this.#trim()
    for (const reader of this.#readers) reader.pump()
    this.#grown()
  }

  /** What came at once is kept for a moment, until readers that keep up have it. */
  #trim(): void {
    const { feedKeptBytes, burstMs } = this.#limits
    const before = this.#clock.now() - burstMs
    while (this.kept.bytes > feedKeptBytes && (this.kept.oldestAt ?? Infinity) < before)
      this.kept.dropOldest()
  }

  /** null: what came after it is not known here any more. */
  #numberOf(eventId: string): number | null {
    const [feed, number = ''] = eventId.split('.')
    const isOurs = feed === this.id && /^\d{1,15}$/.test(number)
    return isOurs && this.kept.hasAllAfter(Number(number)) ? Number(number) : null
  }
}
