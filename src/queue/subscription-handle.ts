import { abortable } from '../base/abortable.ts'
import { EndOfTurn } from '../base/end-of-turn.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Loss } from '../model/loss.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Delivery, OfTables, TablesOf, Update } from '../model/update.ts'
import { AwaitedCommit } from '../subscriber/awaited-commits.ts'
import type { SubscriptionSink } from '../subscriber/subscriber.ts'
import type { StreamPosition, SubscriptionEvent } from '../subscriber/subscription-output.ts'
import { decodeToken } from '../wire/commit-token.ts'
import { ConflationKeys } from './conflation-key.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import { checkSignalOption } from './option-checks.ts'
import type { SubscribeOptions, WhenSlow } from './options.ts'
import type { Selected, TableFields } from './table-fields.ts'
import { defaultDeliveryLimit } from './waiting-deliveries.ts'

/** What a subscription says of itself, whatever its tables. */
interface SubscriptionReach {
  /**
   * Whose updates do not come now, by name: nodes of the definition that our node is not in touch with or
   * not linked to, and processes of our node's last run that it has not heard again. Empty where all are
   * reached, and until our node knows. What was missed of one that is heard is delivered or reported lost.
   */
  readonly unreachable: readonly string[]
}

/** A subscription as the application holds it. */
export type Subscription<Tables extends TablesOf = Record<string, object>> = SubscriptionReach &
  SubscriptionTo<Tables>

/** What depends on its tables. */
interface SubscriptionTo<Tables extends TablesOf>
  extends AsyncIterable<Delivery<Tables>>, AsyncDisposable, OfTables<Tables> {
  /**
   * Resolves when every live publisher of the cluster has confirmed this subscription end to end:
   * what is published after that arrives, or is reported lost. Rejects on signal, `stop()` or close.
   */
  readonly ready: Promise<void>
  /**
   * Resolves when the application has taken all that the commit of this token has in the tables of the
   * subscription, or what was told lost of it: see `Published.token`. Rejects with USAGE where it is no token, or one of nobody whom the
   * subscription knows or comes to know; with ABORTED by the signal, and where the subscription ends as `ready` does.
   */
  seen(token: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** Ends it: iterators end, nothing more is delivered. */
  stop(): Promise<void>
  /** Resolves when it has ended: with the error that ended it, or nothing. */
  readonly closed: Promise<TidingsError | undefined>
}

export interface HandleEvents {
  /** Of which queue of this process the subscription is. */
  readonly queue: PublisherIdentity
  event(
    event: SubscriptionEvent | { readonly type: 'loss'; readonly losses: readonly Loss[] },
  ): void
  handlerFailed(error: unknown): void
  ready(): void
  delivered(updates: readonly Update[]): void
  filtered(updates: number): void
  folded(updates: number): void
  keyMissing(table: string, field: string): void
  tooSlow(error: TidingsError): void
  consumed(): void
  /** Somebody waits for a commit. */
  await(commit: AwaitedCommit): void
  endOfTurn(run: () => void): void
  stopped(): void
  /** Who is out of reach now, by name. */
  unreachable(): readonly string[]
}

const stopped = (): TidingsError => new TidingsError('CLOSED', 'the subscription was stopped')

export class SubscriptionHandle<
  Tables extends TablesOf,
  Select extends TableFields<Tables> | undefined = undefined,
> implements Subscription<Selected<Tables, Select>> {
  /** The side that the subscription itself sees. */
  readonly sink: SubscriptionSink
  readonly #queue: DeliveryQueue<Selected<Tables, Select>>
  readonly #events: HandleEvents
  readonly #ready = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<TidingsError | undefined>()
  readonly #whenSlow: WhenSlow
  /** Tables of which it has been told that a record lacks a field of the key. */
  readonly #withoutKey = new Set<string>()
  readonly #signal: AbortSignal | undefined
  readonly #failAtEndOfTurn: EndOfTurn
  readonly #awaited = new Set<AwaitedCommit>()
  #isReady = false
  #isIterated = false

  constructor(options: SubscribeOptions<Tables, Select>, events: HandleEvents) {
    this.#events = events
    this.#whenSlow = options.whenSlow ?? 'repair'
    this.#failAtEndOfTurn = new EndOfTurn(events, () => {
      if (this.#queue.isPausing) this.#failAtEndOfTurn.ask()
      else this.#failIfFull()
    })
    this.#queue = new DeliveryQueue<Selected<Tables, Select>>(
      {
        updates: options.limit?.updates ?? defaultDeliveryLimit.updates,
        bytes: options.limit?.bytes ?? defaultDeliveryLimit.bytes,
      },
      options.onDelivery,
      {
        ...events,
        keyMissing: (table, field) => this.#keyMissing(table, field),
      },
      this.#whenSlow === 'conflate' && options.key !== undefined
        ? new ConflationKeys(options.key)
        : null,
    )
    this.sink = this.#makeSink()
    // Whoever does not await `ready` must not be ended by its rejection.
    this.#ready.promise.catch(() => undefined)
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get closed(): Promise<TidingsError | undefined> {
    return this.#closed.promise
  }

  get unreachable(): readonly string[] {
    return this.#events.unreachable()
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** What waits for the application. */
  get waiting(): Pick<DeliveryQueue<TablesOf>, 'waitingUpdates' | 'waitingBytes' | 'oldestAt'> {
    return this.#queue
  }

  async seen(token: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkSignalOption('seen()', options)
    const position = decodeToken(token)
    if (this.#queue.isEnded) throw (await this.#closed.promise) ?? stopped()
    let giveUp = (): void => undefined
    try {
      await abortable<void>(options.signal, (seen, refused) => {
        const awaited = new AwaitedCommit(position, seen, refused)
        giveUp = () => {
          awaited.giveUp()
          this.#awaited.delete(awaited)
        }
        this.#awaited.add(awaited)
        this.#events.await(awaited)
      })
    } finally {
      giveUp()
    }
  }

  stop(): Promise<void> {
    this.end(undefined)
    return Promise.resolve()
  }

  /** Ends it; `error` is what iterators throw and, unless it was ready, `ready` rejects with. */
  end(error: TidingsError | undefined): void {
    if (this.#queue.isEnded) return
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#queue.end(error)
    if (!this.#isReady)
      this.#ready.reject(
        error ?? new TidingsError('CLOSED', 'the subscription was stopped before it was ready'),
      )
    for (const awaited of this.#awaited) awaited.refuse(error ?? stopped())
    this.#events.stopped()
    this.#closed.resolve(error)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery<Selected<Tables, Select>>, undefined> {
    // Two would take turns, and each would miss what the other gets.
    if (this.#isIterated && !this.#queue.isEnded)
      throw new TidingsError(
        'USAGE',
        'a subscription has one iterator: subscribe again for another',
      )
    this.#isIterated = true
    return {
      next: () => this.#queue.pull(),
      return: async () => {
        await this.stop()
        return { done: true, value: undefined }
      },
    }
  }

  #makeSink(): SubscriptionSink {
    return {
      updates: (updates: Update[], incomplete, bytes, positions: StreamPosition[]) => {
        if (this.#queue.isEnded) return
        if (updates.length > 0) this.#events.delivered(updates)
        this.#queue.updates(updates, incomplete, bytes, positions)
      },
      filtered: (updates) => {
        if (!this.#queue.isEnded) this.#events.filtered(updates)
      },
      losses: (losses: Loss[], positions: StreamPosition[], bytes?: number) => {
        if (this.#queue.isEnded) return
        this.#events.event({ type: 'loss', losses })
        this.#queue.losses(losses, positions, bytes)
      },
      // Stopped from within a delivery: what would come behind it is not even read.
      hasRoom: () => !this.#queue.isEnded && (this.#queue.hasRoom || this.#makesRoom()),
      // Folded, what is asked for finds room when it comes.
      isUnderHalf: () => {
        if (this.#queue.isEnded) return false
        return this.#whenSlow === 'conflate'
          ? this.#queue.hasRoom || this.#queue.makeRoom()
          : this.#queue.isUnderHalf
      },
      ready: () => {
        if (this.#queue.isEnded) return
        this.#isReady = true
        this.#ready.resolve()
        this.#events.ready()
      },
      event: (event) => {
        if (!this.#queue.isEnded) this.#events.event(event)
      },
    }
  }

  /**
   * There is none: the subscription lets go, unless folding makes some. Or this is the end, where the application has
   * not taken enough by the end of the turn: until then it may not have run at all.
   */
  #makesRoom(): boolean {
    if (this.#whenSlow !== 'fail') return this.#queue.makeRoom()
    this.#failAtEndOfTurn.ask()
    return false
  }

  #failIfFull(): void {
    if (this.#queue.isEnded || this.#queue.hasRoom || this.#queue.isPausing) return
    const error = new TidingsError(
      'SUBSCRIBER_TOO_SLOW',
      `${this.#queue.waitingUpdates} updates wait for the application and whenSlow is 'fail'`,
    )
    this.#events.tooSlow(error)
    this.end(error)
  }

  #keyMissing(table: string, field: string): void {
    if (this.#withoutKey.has(table)) return
    this.#withoutKey.add(table)
    this.#events.keyMissing(table, field)
  }

  readonly #onAbort = (): void => {
    this.end(
      new TidingsError('ABORTED', 'the subscription was aborted by its signal', {
        cause: this.#signal?.reason,
      }),
    )
  }
}
