import { checkAborted } from '../base/abortable.ts'
import { inBackground } from '../base/background.ts'
import { checkNames } from '../base/option-names.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Delivery, TablesOf } from '../model/update.ts'
import type { Subscription } from '../queue/subscription-handle.ts'
import { checkTableFields, FieldsByTable, type TableFields } from '../queue/table-fields.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { checkFunction } from './live-option-checks.ts'
import { type MapKey, RowKey } from './row-key.ts'

/** What `cached()` takes. */
export interface CachedOptions<
  Tables extends TablesOf,
  Table extends keyof Tables & string,
  Key,
  Value,
> {
  /** The tables that values are made of. */
  readonly tables: Table | readonly Table[]
  /** The field or fields of all tables, or of each, that say which value an update concerns. */
  readonly key: TableFields<Pick<Tables, Table>>
  /** Values that are kept at most; beyond, the one that was asked for longest ago goes. */
  readonly max: number
  /** Makes the value of a key: out of the database, for instance. */
  readonly load: (key: Key, context: { readonly signal: AbortSignal }) => Value | PromiseLike<Value>
  readonly signal?: AbortSignal | undefined
}

export interface CacheStats {
  readonly size: number
  readonly hits: number
  readonly loads: number
  /** Values that an update has dropped, and how often all were dropped, behind a loss. */
  readonly dropped: number
  readonly emptied: number
}

/** Values that are kept until an update may have changed them. */
export interface Cache<Key, Value> extends AsyncDisposable {
  /** The value of a key, kept or loaded; several that ask meanwhile share one load. Rejects with what it throws. */
  get(key: Key): Promise<Value>
  /** Drops one value, or all. */
  delete(key: Key): void
  clear(): void
  stats(): CacheStats
  /** Ends it: nothing is kept, and `get()` rejects with CLOSED. */
  close(): Promise<void>
  /** Resolves when it has ended: with the error that ended it, or with nothing. */
  readonly closed: Promise<TidingsError | undefined>
}

const optionNames = { tables: true, key: true, max: true, load: true, signal: true } as const

/**
 * Keeps what `load` gives until an update of one of the tables names its key; after a loss it keeps nothing of before.
 * Resolves when the subscription is ready. The key is a value or, where `key` is a list of fields, a list of theirs.
 */
export async function cached<
  Tables extends TablesOf,
  const Table extends keyof Tables & string,
  Key,
  Value,
>(
  queue: UpdateQueue<Tables>,
  options: CachedOptions<Tables, Table, Key, Value>,
): Promise<Cache<Key, Value>> {
  checkNames('cached()', options, optionNames)
  checkFunction('load of cached()', options.load, true)
  const { key, max, signal } = options
  if (!Number.isInteger(max) || max < 1)
    throw usage(`max of cached() must be a whole number from 1 on, got ${shown(max)}`)
  const tables = [options.tables].flat() as Table[]
  checkTableFields('key of cached()', key, tables)
  const fields = new FieldsByTable(key)
  const keys = new Map(
    tables.map((table) => {
      const names = fields.of(table)
      if (!names) throw usage(`key of cached() names no field of ${table}`)
      return [table, new RowKey(names.length === 1 ? (names[0] as string) : names)]
    }),
  )
  checkAborted(signal)
  const cache = new UpdatedCache<Key, Value>(keys, max, options.load)
  const subscription = queue.subscribe(tables, {
    select: key as never,
    signal,
    onDelivery: (delivery) => cache.onDelivery(delivery as unknown as Delivery),
  })
  cache.follow(subscription as Subscription)
  await subscription.ready
  return cache
}

/** A value, or the load that is to give it. Whoever drops it takes it out of the map: then what comes is not kept. */
interface CacheEntry<Value> {
  readonly value: Promise<Value>
}

class UpdatedCache<Key, Value> implements Cache<Key, Value> {
  /** The one that was asked for longest ago is the first. */
  readonly #entries = new Map<MapKey, CacheEntry<Value>>()
  readonly #keys: ReadonlyMap<string, RowKey>
  readonly #first: RowKey
  readonly #max: number
  readonly #load: CachedOptions<object, never, Key, Value>['load']
  readonly #loading = new AbortController()
  readonly #closed = Promise.withResolvers<TidingsError | undefined>()
  readonly #counts = { hits: 0, loads: 0, dropped: 0, emptied: 0 }
  #subscription: Subscription | null = null

  constructor(
    keys: ReadonlyMap<string, RowKey>,
    max: number,
    load: CachedOptions<object, never, Key, Value>['load'],
  ) {
    this.#keys = keys
    this.#first = [...keys.values()][0] as RowKey
    this.#max = max
    this.#load = load
  }

  get closed(): Promise<TidingsError | undefined> {
    return this.#closed.promise
  }

  follow(subscription: Subscription): void {
    this.#subscription = subscription
    inBackground(
      subscription.closed.then((error) => this.#end(error)),
      (error) => this.#end(error),
    )
  }

  get(key: Key): Promise<Value> {
    if (this.#loading.signal.aborted)
      return Promise.reject(new TidingsError('CLOSED', 'the cache is closed'))
    const mapKey = this.#mapKey(key)
    const known = this.#entries.get(mapKey)
    if (known) {
      this.#counts.hits += 1
      this.#entries.delete(mapKey)
      this.#entries.set(mapKey, known)
      return known.value
    }
    this.#counts.loads += 1
    const { signal } = this.#loading
    const value = new Promise<Value>((resolve) => resolve(this.#load(key, { signal })))
    const entry = { value }
    this.#entries.set(mapKey, entry)
    // What has failed is tried again by who asks next.
    inBackground(value, () => {
      if (this.#entries.get(mapKey) === entry) this.#entries.delete(mapKey)
    })
    if (this.#entries.size > this.#max) {
      const [first] = this.#entries.keys()
      this.#entries.delete(first as MapKey)
    }
    return value
  }

  delete(key: Key): void {
    this.#entries.delete(this.#mapKey(key))
  }

  clear(): void {
    this.#entries.clear()
  }

  stats(): CacheStats {
    return { size: this.#entries.size, ...this.#counts }
  }

  async close(): Promise<void> {
    this.#end(undefined)
    await this.#subscription?.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  onDelivery(delivery: Delivery): void {
    if (delivery.type === 'loss') {
      const isLost = delivery.losses.some(
        ({ from, to }) => from === null || to === null || from <= to,
      )
      if (isLost) this.#empty()
    } else if (delivery.type === 'updates')
      for (const { table, record, before } of delivery.updates) {
        const key = this.#keys.get(table) as RowKey
        const old = before && key.recordBefore(before, record)
        for (const each of old ? [record, old] : [record]) this.#drop(key.of(each))
      }
  }

  /** undefined: it may concern any value. */
  #drop(key: MapKey | undefined): void {
    if (key === undefined) this.#empty()
    else if (this.#entries.delete(key)) this.#counts.dropped += 1
  }

  #empty(): void {
    this.#entries.clear()
    this.#counts.emptied += 1
  }

  #mapKey(key: Key): MapKey {
    const { fields } = this.#first
    const value = Array.isArray(key)
      ? Object.fromEntries(fields.map((field, place) => [field, key[place] as unknown]))
      : key
    const mapKey = this.#first.ofValue(value)
    if (mapKey === undefined)
      throw usage(
        `a key of this cache is ${fields.length > 1 ? `a list of ${fields.length} values` : 'a value'}, got ${shown(key)}`,
      )
    return mapKey
  }

  #end(error: TidingsError | undefined): void {
    if (this.#loading.signal.aborted) return
    this.#loading.abort()
    this.#entries.clear()
    this.#closed.resolve(error)
  }
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
