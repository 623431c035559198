import { checkAborted } from '../base/abortable.ts'
import { inBackground } from '../base/background.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { EndOfTurn } from '../base/end-of-turn.ts'
import type { Random } from '../base/random.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Loss } from '../model/loss.ts'
import type { Delivery } from '../model/update.ts'
import type { Subscription } from '../queue/subscription-handle.ts'
import { tablesOfToken } from '../queue/token-tables.ts'
import type { TableChanges } from './change-feed.ts'
import { Listeners } from './listeners.ts'
import type { LiveState } from './live-condition.ts'
import { LiveCore, type ReadRound, type TableRead } from './live-core.ts'
import type { LiveLimits } from './live-limits.ts'
import type { LiveEvent, LiveOptions } from './live-options.ts'
import { LiveWaiters } from './live-waiters.ts'
import { rowsOf } from './read-result.ts'
import type { ReadRows } from './row-table.ts'
import type { TableSchema } from './table-schema.ts'

/** How one table is read. */
export interface TableSource {
  readonly schema: TableSchema
  readonly select: readonly string[] | null
  read(context: object): unknown
  readKeys(keys: readonly unknown[], context: object): unknown
}

/** What live tables need of the world. */
export interface LiveSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly limits: LiveLimits
}

/** Live tables that are kept together: composes the core with a subscription, the reads and the time. */
export class LiveGroup {
  readonly core: LiveCore
  readonly #sources: ReadonlyMap<string, TableSource>
  readonly #options: LiveOptions<never>
  readonly #clock: Clock
  readonly #reading = new AbortController()
  readonly #listeners = new Map<string, Listeners>()
  readonly #ofAll: Listeners
  readonly #states = new Map<string, LiveState>()
  readonly #closed = Promise.withResolvers<TidingsError | undefined>()
  readonly #opened = Promise.withResolvers<void>()
  readonly #waiters = new LiveWaiters()
  readonly #begin: EndOfTurn
  #subscription: Subscription | null = null
  #retry: Timer | null = null
  #losses: readonly Loss[] = []
  #isOpen = false
  #isClosed = false

  constructor(
    sources: readonly TableSource[],
    options: LiveOptions<never>,
    { clock, random, limits }: LiveSurroundings,
  ) {
    this.#options = options
    this.#clock = clock
    this.#sources = new Map(sources.map((source) => [source.schema.name, source]))
    this.core = new LiveCore(
      sources.map(({ schema }) => schema),
      limits,
      random,
    )
    this.#begin = new EndOfTurn(clock, () => this.#beginRead())
    for (const name of this.#sources.keys()) {
      this.#listeners.set(
        name,
        this.#listenersOf(() => this.stateOf(name)),
      )
      this.#states.set(name, 'reading')
    }
    this.#ofAll = this.#listenersOf(() => this.state)
    // Whoever does not wait for the opening must not be ended by its failure.
    this.#opened.promise.catch(() => undefined)
  }

  get closed(): Promise<TidingsError | undefined> {
    return this.#closed.promise
  }

  get unreachable(): readonly string[] {
    return this.#subscription?.unreachable ?? []
  }

  /** The worst of the tables. */
  get state(): LiveState {
    const states = [...this.#sources.keys()].map((name) => this.stateOf(name))
    const order = ['closed', 'reading', 'stale'] as const
    return order.find((state) => states.includes(state)) ?? 'live'
  }

  get staleSince(): number | null {
    const since = [...this.#sources.keys()].flatMap((name) => this.staleSinceOf(name) ?? [])
    return since.length === 0 ? null : Math.min(...since)
  }

  get listeners(): Listeners {
    return this.#ofAll
  }

  stateOf(table: string): LiveState {
    return this.core.conditionOf(table).state
  }

  staleSinceOf(table: string): number | null {
    const { staleSince } = this.core.conditionOf(table)
    if (staleSince === null) return null
    return Math.round(this.#clock.wallClock() - (this.#clock.now() - staleSince))
  }

  listenersOf(table: string): Listeners {
    return this.#listeners.get(table) as Listeners
  }

  /** `subscribe` subscribes to the tables with this handler. Resolves when all of them were read. */
  async open(subscribe: (onDelivery: (delivery: Delivery) => void) => Subscription): Promise<void> {
    const { signal } = this.#options
    checkAborted(signal)
    this.#subscription = subscribe((delivery) => this.#onDelivery(delivery))
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    inBackground(
      this.#subscription.closed.then((error) => this.#end(error)),
      (error) => this.#end(error),
    )
    try {
      await this.#subscription.ready
      if (!this.#isClosed) {
        this.core.ready()
        this.#proceed()
      }
      await this.#opened.promise
    } catch (error) {
      await this.close()
      throw error
    }
  }

  settled(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#waiters.wait(options.signal, (resolve) => {
      if (this.core.isSettled) resolve()
      return () => undefined
    })
  }

  /** What the subscription has handed over of it is in the rows, or in doubt: then it is there when that was read. */
  async seen(
    token: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const tables = tablesOfToken(token)
    try {
      await this.#subscription?.seen(token, options)
    } catch (error) {
      throw this.#isClosed ? ((await this.closed) ?? closedError()) : error
    }
    await this.#waiters.wait(options.signal, (resolve) => this.core.awaitReads(tables, resolve))
  }

  async close(): Promise<void> {
    this.#end(undefined)
    await this.#subscription?.stop()
  }

  #listenersOf(state: () => LiveState): Listeners {
    return new Listeners(
      state,
      () => this.#watch(),
      (error) => this.#tell({ type: 'handler-failed', error }),
    )
  }

  /** Changes are kept of those tables of which somebody wants to be told. */
  #watch(): void {
    for (const [name, listeners] of this.#listeners) {
      const rows = this.core.rowsOf(name)
      if (listeners.isEmpty && this.#ofAll.isEmpty) rows.unwatch()
      else rows.watch()
    }
  }

  #onDelivery(delivery: Delivery): void {
    if (delivery.type === 'updates')
      this.core.updates(delivery.updates, this.#clock.now(), delivery.incomplete)
    else if (delivery.type === 'loss') {
      this.core.losses(delivery.losses, this.#clock.now())
      this.#losses = delivery.losses
    }
    this.#proceed()
    this.#losses = []
  }

  /** Tells what has changed, and sees to what is to be read. */
  #proceed(): void {
    if (this.#isClosed) return
    this.core.tick(this.#clock.now())
    this.#tellChanges()
    if (!this.core.isSettled) this.#begin.ask()
    else this.#waiters.resolveAll()
    if (!this.#isOpen && this.state !== 'reading') {
      this.#isOpen = true
      this.#opened.resolve()
    }
  }

  /** All tables have changed before anybody is told of one. */
  #tellChanges(): void {
    const all: (TableChanges & { readonly listeners: Listeners })[] = []
    for (const [name, listeners] of this.#listeners) {
      const table = this.core.rowsOf(name)
      const changes = table.takeChanges()
      const isNewState = this.#noteState(name, this.stateOf(name))
      if (changes.length > 0 || isNewState) all.push({ table, changes, listeners })
    }
    if (all.length === 0) return
    for (const ofTable of all) ofTable.listeners.tell([ofTable])
    this.#ofAll.tell(all)
  }

  #noteState(name: string, state: LiveState): boolean {
    if (this.#states.get(name) === state) return false
    this.#states.set(name, state)
    if (state === 'stale') {
      const losses = this.#losses.filter(({ table }) => table === null || table === name)
      this.#tell({ type: 'stale', table: name, losses })
    } else if (state === 'live') this.#tell({ type: 'live', table: name })
    return true
  }

  #beginRead(): void {
    if (this.#isClosed) return
    const now = this.#clock.now()
    const round = this.core.begin(now)
    if (round) inBackground(this.#run(round), (error) => this.#end(error))
    else if (this.core.nextAt < Infinity && this.#retry === null)
      this.#retry = this.#clock.after(this.core.nextAt - now, () => {
        this.#retry = null
        this.#beginRead()
      })
  }

  async #run(round: ReadRound): Promise<void> {
    const { within } = this.#options
    let results: readonly ReadRows[]
    try {
      const readAll = (inside: unknown): Promise<ReadRows[]> =>
        Promise.all(round.reads.map((read) => this.#read(read, inside)))
      results = await (within ? within(readAll) : readAll(undefined))
    } catch (error) {
      this.#readFailed(round, error)
      return
    }
    if (this.#isClosed) return
    this.core.done(round, results, this.#clock.now())
    this.#proceed()
  }

  async #read({ table, keys }: TableRead, within: unknown): Promise<ReadRows> {
    const source = this.#sources.get(table) as TableSource
    const context = { signal: this.#reading.signal, within }
    const result: unknown = await (keys === null
      ? source.read(context)
      : source.readKeys([...keys.values()], context))
    return rowsOf(result, keys, source.schema, source.select)
  }

  #readFailed(round: ReadRound, error: unknown): void {
    if (this.#isClosed) return
    const now = this.#clock.now()
    this.core.failed(now)
    // Whoever opens a live table is told at once what is wrong with its reads.
    if (!this.#isOpen) {
      this.#opened.reject(error)
      return
    }
    const tables = [...new Set(round.reads.map(({ table }) => table))]
    const retryInMs = Math.round(this.core.nextAt - now)
    this.#tell({ type: 'read-failed', tables, error, retryInMs })
    this.#proceed()
  }

  #tell(event: LiveEvent): void {
    try {
      this.#options.onEvent?.(event)
    } catch {
      // It is for logs: nobody is there to be told.
    }
  }

  readonly #onAbort = (): void => {
    const { signal } = this.#options
    this.#end(new TidingsError('ABORTED', 'aborted by its signal', { cause: signal?.reason }))
    inBackground(this.close(), () => undefined)
  }

  #end(error: TidingsError | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#reading.abort()
    this.#retry?.cancel()
    for (const name of this.#sources.keys()) this.core.conditionOf(name).closed()
    this.#opened.reject(error ?? closedError())
    this.#waiters.end(error ?? closedError())
    for (const listeners of [...this.#listeners.values(), this.#ofAll]) listeners.end()
    this.#closed.resolve(error)
  }
}

const closedError = (): TidingsError => new TidingsError('CLOSED', 'the live table is closed')
