import { Deque } from '../base/deque.ts'
import { makesPlain } from '../base/fresh.ts'
import type { Loss } from '../model/loss.ts'
import type { Delivery, TablesOf, Update } from '../model/update.ts'
import type { StreamPosition } from '../subscriber/subscription-output.ts'
import { Conflation, type ConflationOutput } from './conflation.ts'
import type { ConflationKeys } from './conflation-key.ts'

/** How much may wait for the application; what happens beyond it, `whenSlow` says. */
export interface DeliveryLimit {
  readonly updates: number
  /** Encoded bytes. */
  readonly bytes: number
}

/** A second's worth for a fast consumer, and as much as one connection's high-water mark. */
export const defaultDeliveryLimit: DeliveryLimit = { updates: 262_144, bytes: 16 * 1024 * 1024 }

/** A delivery that waits for the application, or is with it. */
export interface WaitingDelivery<Tables extends TablesOf> {
  /** null: there is nothing to hand over, all of it was filtered out. */
  readonly delivery: Delivery<Tables> | null
  /** What it takes of the limit. A loss takes as much as an update, so that losses are bounded too. */
  readonly updates: number
  readonly bytes: number
  readonly positions: readonly StreamPosition[]
  /** When the first of its updates was published; null: it has none. */
  readonly oldestAt: number | null
}

/** One delivery of updates as it came, which may still be folded. */
class Plain {
  readonly updates: Update[]
  readonly isIncomplete: boolean
  readonly bytes: number
  readonly positions: readonly StreamPosition[]

  constructor(
    updates: Update[],
    isIncomplete: boolean,
    bytes: number,
    positions: readonly StreamPosition[],
  ) {
    this.updates = updates
    this.isIncomplete = isIncomplete
    this.bytes = bytes
    this.positions = positions
  }
}

/** The same as a delivery that waits. */
class PlainWaiting<Tables extends TablesOf> implements WaitingDelivery<Tables> {
  readonly delivery: Delivery<Tables>
  readonly updates: number
  readonly bytes: number
  readonly positions: readonly StreamPosition[]
  readonly #updates: readonly Update[]

  constructor({ updates, isIncomplete, bytes, positions }: Plain) {
    this.#updates = updates
    this.delivery = new UpdatesDelivery(updates as Update<Tables>[], isIncomplete)
    this.updates = updates.length
    this.bytes = bytes
    this.positions = positions
  }

  get oldestAt(): number | null {
    return this.#updates[0]?.publishedAt ?? null
  }
}

type UpdatesDelivery<Tables extends TablesOf> = Extract<Delivery<Tables>, { type: 'updates' }>

/** Made for applications, to whom it is a plain object. */
const UpdatesDelivery = function UpdatesDelivery(
  this: { -readonly [Field in keyof UpdatesDelivery<TablesOf>]: UpdatesDelivery<TablesOf>[Field] },
  updates: Update<TablesOf>[],
  isIncomplete: boolean,
) {
  this.type = 'updates'
  this.updates = updates
  if (isIncomplete) this.incomplete = true
} as unknown as new <Tables extends TablesOf>(
  updates: Update<Tables>[],
  isIncomplete: boolean,
) => UpdatesDelivery<Tables>
makesPlain(UpdatesDelivery)

class Item<Tables extends TablesOf> {
  readonly waiting: WaitingDelivery<Tables>
  readonly plain: Plain | null

  constructor(waiting: WaitingDelivery<Tables>, plain: Plain | null) {
    this.waiting = waiting
    this.plain = plain
  }
}

/** Losses that wait: those that come right behind them join them. */
class Lost<Tables extends TablesOf> implements WaitingDelivery<Tables> {
  readonly losses: Loss<keyof Tables & string>[] = []
  readonly oldestAt = null
  readonly positions: StreamPosition[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get delivery(): Delivery<Tables> {
    return { type: 'loss', losses: this.losses }
  }

  get updates(): number {
    return this.losses.length
  }

  add(losses: readonly Loss[], positions: readonly StreamPosition[], bytes: number): void {
    this.#bytes += bytes
    for (const loss of losses) this.losses.push(loss as Loss<keyof Tables & string>)
    for (const position of positions) this.positions.push(position)
  }
}

/** Updates that the filter kept back, however many: nothing is delivered of them, only their positions are kept. */
class FilteredOut {
  readonly delivery = null
  readonly updates = 0
  readonly bytes = 0
  readonly oldestAt = null
  readonly #lasts = new Map<StreamPosition['stream'], number>()

  constructor(positions: readonly StreamPosition[]) {
    this.add(positions)
  }

  add(positions: readonly StreamPosition[]): void {
    for (const { stream, last } of positions) this.#lasts.set(stream, last)
  }

  get positions(): StreamPosition[] {
    return Array.from(this.#lasts, ([stream, last]) => ({ stream, last }))
  }
}

/** The deliveries of one subscription in their order, and the room that is left. */
export class WaitingDeliveries<Tables extends TablesOf> {
  readonly #limit: DeliveryLimit
  readonly #keys: ConflationKeys | null
  readonly #output: ConflationOutput
  #items = new Deque<Item<Tables>>()
  #plain = 0
  #updates = 0
  #bytes = 0

  /** With keys it can make room by folding. */
  constructor(limit: DeliveryLimit, keys: ConflationKeys | null, output: ConflationOutput) {
    this.#limit = limit
    this.#keys = keys
    this.#output = output
  }

  get hasRoom(): boolean {
    return this.#updates < this.#limit.updates && this.#bytes < this.#limit.bytes
  }

  get isUnderHalf(): boolean {
    return this.#updates * 2 < this.#limit.updates && this.#bytes * 2 < this.#limit.bytes
  }

  /** Updates that wait or are with the application. */
  get updates(): number {
    return this.#updates
  }

  /** Encoded bytes of them. */
  get bytes(): number {
    return this.#bytes
  }

  /** When the first update was published that waits; null: none does. */
  get oldestAt(): number | null {
    for (const { waiting } of this.#items) if (waiting.oldestAt !== null) return waiting.oldestAt
    return null
  }

  /** True: what comes next needs nobody to take it. */
  get isNextEmpty(): boolean {
    return this.#items.at(0)?.waiting instanceof FilteredOut
  }

  /** Behind what waits already: into it, where that is folded. */
  addUpdates(
    updates: Update[],
    isIncomplete: boolean,
    bytes: number,
    positions: readonly StreamPosition[],
  ): void {
    const plain = new Plain(updates, isIncomplete, bytes, positions)
    const last = this.#items.at(-1)?.waiting
    if (!(last instanceof Conflation)) {
      this.#addPlain(plain)
      return
    }
    try {
      this.#fold(last, plain)
    } catch (error) {
      // A key cannot be read: what came waits as it is.
      this.#addPlain(plain)
      throw error
    }
  }

  #addPlain(plain: Plain): void {
    if (plain.updates.length === 0) {
      this.#addPositions(plain.positions)
      return
    }
    this.#plain++
    this.#push(new Item<Tables>(new PlainWaiting<Tables>(plain), plain))
  }

  addLosses(losses: readonly Loss[], positions: readonly StreamPosition[], bytes = 0): void {
    const last = this.#items.at(-1)?.waiting
    if (last instanceof Lost) {
      last.add(losses, positions, bytes)
      this.#updates += losses.length
      this.#bytes += bytes
      return
    }
    const lost = new Lost<Tables>()
    lost.add(losses, positions, bytes)
    this.#push(new Item<Tables>(lost, null))
  }

  /** Nothing is delivered, but only behind what waits before it is it known to be consumed. */
  #addPositions(positions: readonly StreamPosition[]): void {
    const last = this.#items.at(-1)
    if (last?.waiting instanceof FilteredOut) last.waiting.add(positions)
    else this.#push(new Item<Tables>(new FilteredOut(positions), null))
  }

  /** The next delivery; it counts against the limit until it is released. */
  shift(): WaitingDelivery<Tables> | undefined {
    const item = this.#items.shift()
    if (item?.plain) this.#plain--
    return item?.waiting
  }

  /** The application has it. */
  release({ updates, bytes }: WaitingDelivery<Tables>): void {
    this.#updates = Math.max(0, this.#updates - updates)
    this.#bytes = Math.max(0, this.#bytes - bytes)
  }

  /**
   * Folds what waits to the latest of each key, where there are keys. Losses stay in their places,
   * with a conflation before and one behind them. True: there is room now. Where a key cannot be read this throws,
   * and nothing is lost.
   */
  makeRoom(): boolean {
    const keys = this.#keys
    if (!keys || this.#plain === 0) return this.hasRoom
    const items = this.#items
    this.#items = new Deque()
    this.#plain = 0
    try {
      for (let item = items.at(0); item; item = items.at(0)) {
        this.#foldItem(item, keys)
        items.shift()
      }
    } finally {
      // Where a fold has failed: what is not folded waits as it is.
      for (let item = items.shift(); item; item = items.shift()) {
        if (item.plain) this.#plain++
        this.#items.push(item)
      }
    }
    return this.hasRoom
  }

  /** Behind what is folded already, or into it. */
  #foldItem(item: Item<Tables>, keys: ConflationKeys): void {
    const last = this.#items.at(-1)?.waiting
    if (item.waiting instanceof FilteredOut && last instanceof Conflation)
      last.fold([], false, 0, item.waiting.positions)
    else if (!item.plain) this.#items.push(item)
    else if (last instanceof Conflation) {
      this.#fold(last as Conflation<Tables>, item.plain)
      this.release(item.waiting)
    } else {
      const begun = new Conflation<Tables>(keys, this.#output)
      this.#fold(begun, item.plain)
      this.#items.push(new Item<Tables>(begun, null))
      this.release(item.waiting)
    }
  }

  clear(): void {
    this.#items.clear()
    this.#plain = 0
    this.#updates = 0
    this.#bytes = 0
  }

  #push(item: Item<Tables>): void {
    this.#items.push(item)
    this.#updates += item.waiting.updates
    this.#bytes += item.waiting.bytes
  }

  #fold(conflation: Conflation<Tables>, plain: Plain): void {
    const { updates, bytes } = conflation
    conflation.fold(plain.updates, plain.isIncomplete, plain.bytes, plain.positions)
    this.#updates += conflation.updates - updates
    this.#bytes += conflation.bytes - bytes
  }
}
