import { PageConnection, type PageSurroundings } from './page-connection.ts'
import { type PageChange, PageRows, type RowStep } from './page-rows.ts'
import type { ServerEvent } from './server-events.ts'

/**
 * `reading`: until all rows are there for the first time; `live`: the rows are what the server knows; `stale`: the connection is lost, or the
 * server has lost something, and the rows are those of before; `closed`: they are not kept any more.
 */
export type PageTableState = 'reading' | 'live' | 'stale' | 'closed'

/** What has changed in one step: whole commits, or what was read again. */
export interface PageChanges<Row = object> {
  /** Empty where only the state has changed. */
  readonly changes: readonly PageChange<Row>[]
  readonly state: PageTableState
}

type Listener<Row> = (event: PageChanges<Row>) => unknown

interface Batch<Row> {
  readonly isWhole: boolean
  readonly rows: Row[]
  readonly gone: unknown[]
}

/** The rows of a live table in a page, kept equal to those of the server. */
export class PageTable<Row extends object = Record<string, unknown>> implements Iterable<Row> {
  readonly #rows = new PageRows<Row>()
  readonly #listeners = new Set<{ readonly listener: Listener<Row> }>()
  readonly #connection: PageConnection
  readonly #clock: PageSurroundings['clock']
  readonly #ready = Promise.withResolvers<void>()
  #state: PageTableState = 'reading'
  #staleSince: number | null = null
  #error: Error | null = null
  /** Rows that come in parts and are taken together. */
  #batch: Batch<Row> | null = null
  #lastId: string | null = null
  /** All that the server has told so far is there: it says so each time that the page has come. */
  #isInStep = false

  /** `ask` asks for the stream behind an event; null: from the beginning. */
  constructor(
    ask: (after: string | null, signal: AbortSignal) => Promise<Response>,
    surroundings: PageSurroundings,
  ) {
    this.#clock = surroundings.clock
    // Whoever does not wait for it must not be told of an error that nobody has caught.
    this.#ready.promise.catch(() => undefined)
    this.#connection = new PageConnection({
      ...surroundings,
      ask: (signal) => ask(this.#lastId, signal),
      take: (event) => this.#take(event),
      lost: (reason) => this.#lost(reason),
      refused: (reason) => this.#close(reason),
    })
  }

  get state(): PageTableState {
    return this.#state
  }

  /** Since when it is stale, milliseconds since the epoch; null: it is not. */
  get staleSince(): number | null {
    return this.#staleSince
  }

  /** Why it is not live; null: it is, or was closed by the page. */
  get error(): Error | null {
    return this.#error
  }

  /** Resolves when all rows are there for the first time. Rejects where it is closed before. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get size(): number {
    return this.#rows.size
  }

  /** All rows, in no particular order; the same list until one of them changes. Read it only. */
  get rows(): readonly Row[] {
    return this.#rows.list
  }

  get(key: unknown): Row | undefined {
    return this.#rows.get(key)
  }

  has(key: unknown): boolean {
    return this.get(key) !== undefined
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.rows[Symbol.iterator]()
  }

  /** Calls `listener` whenever rows or the state have changed. Gives what ends it. May be called without its object. */
  readonly subscribe = (listener: Listener<Row>): (() => void) => {
    // The same function may be given twice.
    const entry = { listener }
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }

  /** Ends it. The rows stay as they are. */
  close(): void {
    this.#close(null)
  }

  #take({ name, id, data }: ServerEvent): void {
    const told = JSON.parse(data) as RowStep<Row> & {
      readonly whole: boolean
      readonly key: string | readonly string[]
      readonly state: PageTableState
      readonly reason: string
    }
    if (name === 'begin') {
      this.#rows.key = told.key
      this.#batch = { isWhole: told.whole, rows: [], gone: [] }
      this.#isInStep = false
      if (this.#state === 'live') this.#enter('stale', new Error('this page is behind'))
    } else if (name === 'rows') {
      for (const row of told.rows) this.#batch?.rows.push(row)
      for (const key of told.gone) this.#batch?.gone.push(key)
    } else if (name === 'ready') {
      const batch = this.#batch
      this.#batch = null
      this.#lastId = id
      this.#isInStep = true
      this.#connection.succeeded()
      this.#step(batch ? this.#rows.take(batch, batch.isWhole) : [], told.state)
    } else if (name === 'changes') {
      this.#lastId = id
      const changes = this.#rows.take(told, false)
      if (this.#isInStep) this.#step(changes, told.state)
      else if (changes.length > 0) this.#tell(changes)
    } else if (name === 'closed') throw new Error(`the server has ended the stream: ${told.reason}`)
  }

  #step(changes: PageChange<Row>[], state: PageTableState): void {
    const isNew = this.#note(state, state === 'live' ? null : new Error('the server reads again'))
    if (isNew || changes.length > 0) this.#tell(changes)
  }

  #lost(reason: Error): void {
    this.#batch = null
    this.#isInStep = false
    if (this.#state === 'reading') this.#error = reason
    else this.#enter('stale', reason)
  }

  #close(error: Error | null): void {
    if (this.#state === 'closed') return
    this.#connection.close()
    this.#ready.reject(error ?? new Error('the live table is closed'))
    this.#enter('closed', error)
    this.#listeners.clear()
  }

  #enter(state: PageTableState, error: Error | null): void {
    if (this.#note(state, error)) this.#tell([])
  }

  /** True: it is another state than before. */
  #note(state: PageTableState, error: Error | null): boolean {
    const isNew = this.#state !== state
    if (this.#state === 'reading' && state !== 'closed') this.#ready.resolve()
    this.#error = error
    this.#state = state
    this.#staleSince = state === 'stale' ? (this.#staleSince ?? this.#clock.now()) : null
    return isNew
  }

  #tell(changes: readonly PageChange<Row>[]): void {
    const event = { changes, state: this.#state }
    for (const { listener } of this.#listeners)
      try {
        listener(event)
      } catch (error) {
        // Told as the browser tells what an event handler throws.
        queueMicrotask(() => {
          throw error
        })
      }
  }
}
