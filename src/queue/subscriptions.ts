import { checkAborted } from '../base/abortable.ts'
import type { Clock } from '../base/clock.ts'
import type { TidingsError } from '../base/tidings-error.ts'
import type { TablesOf } from '../model/update.ts'
import type { SubscribedTables } from '../subscriber/subscribed-tables.ts'
import type { Subscriber } from '../subscriber/subscriber.ts'
import { checkSubscribeOptions, checkTables } from './option-checks.ts'
import type { SubscribeOptions } from './options.ts'
import { firstSyncMs } from './queue-times.ts'
import { selectionOf } from './selection-options.ts'
import { type HandleEvents, SubscriptionHandle } from './subscription-handle.ts'
import type { TableFields } from './table-fields.ts'
import { toldEvents, type Told } from './told-events.ts'

/** What subscriptions need of their queue. */
interface SubscriptionsOutput extends Pick<HandleEvents, 'event'> {
  /** Does what the subscriber wants done. */
  proceed(): void
  /** Tells GENESIS_CLUSTER which tables this process subscribes to. */
  say(): void
  /** The time is looked at within so many milliseconds. */
  wakeWithin(ms: number): void
}

/** What is asked of a subscription whatever its tables. */
type ShownHandle = Pick<SubscriptionHandle<TablesOf>, 'isReady' | 'waiting' | 'end'>

/** The subscriptions of one queue, as the application holds them. */
export class Subscriptions {
  readonly #subscriber: Subscriber
  readonly #clock: Clock
  readonly #told: Told
  readonly #queue: SubscriptionsOutput
  /** What the application holds of each, and the side that receives. */
  readonly #open = new Map<ShownHandle, SubscribedTables>()

  constructor(subscriber: Subscriber, clock: Clock, told: Told, queue: SubscriptionsOutput) {
    this.#subscriber = subscriber
    this.#clock = clock
    this.#told = told
    this.#queue = queue
  }

  get all(): ReadonlyMap<ShownHandle, SubscribedTables> {
    return this.#open
  }

  /** Ends them all, with this error if there is one. */
  end(error: TidingsError | undefined): void {
    for (const handle of this.#open.keys()) handle.end(error)
  }

  add<Tables extends TablesOf, Select extends TableFields<Tables> | undefined>(
    tables: string | readonly string[],
    options: SubscribeOptions<Tables, Select>,
  ): SubscriptionHandle<Tables, Select> {
    const wanted = checkTables(tables)
    checkSubscribeOptions(options, wanted)
    checkAborted(options.signal)
    const [clock, subscriber] = [this.#clock, this.#subscriber]
    const handle = new SubscriptionHandle<Tables, Select>(options, {
      ...toldEvents(wanted, this.#told),
      event: (event) => this.#queue.event(event),
      endOfTurn: (run) => clock.endOfTurn(run),
      consumed: () => {
        subscriber.onConsumed(core, clock.now())
        this.#queue.proceed()
      },
      await: (commit) => {
        subscriber.await(core, commit, clock.now())
        this.#queue.proceed()
      },
      stopped: () => {
        subscriber.remove(core)
        this.#open.delete(handle)
        this.#queue.proceed()
        this.#queue.say()
      },
    })
    const selection = selectionOf(options)
    const core = subscriber.add(wanted, options.own ?? true, handle.sink, clock.now(), selection)
    this.#open.set(handle, core)
    this.#queue.wakeWithin(firstSyncMs)
    this.#queue.proceed()
    this.#queue.say()
    return handle
  }
}
