import type { TidingsError } from '../base/tidings-error.ts'
import type { KeyFields } from '../queue/table-fields.ts'
import type { Listeners } from './listeners.ts'
import type { LiveState } from './live-condition.ts'
import type { LiveGroup } from './live-group.ts'
import type { LiveChanges, LiveStats } from './live-options.ts'
import type { LiveIndex, LiveRows, LiveTable, LiveTables } from './live-table.ts'
import { checkFields } from './live-option-checks.ts'
import { RowIndex } from './row-index.ts'
import { RowKey } from './row-key.ts'
import type { RowTable } from './row-table.ts'

/** What one table and several have in common for the application. */
abstract class RowsView implements LiveRows<never> {
  protected readonly group: LiveGroup
  readonly #listeners: Listeners

  protected constructor(group: LiveGroup, listeners: Listeners) {
    this.group = group
    this.#listeners = listeners
  }

  abstract get state(): LiveState
  abstract get staleSince(): number | null

  get unreachable(): readonly string[] {
    return this.group.unreachable
  }

  get closed(): Promise<TidingsError | undefined> {
    return this.group.closed
  }

  subscribe(listener: (event: LiveChanges<never>) => unknown): () => void {
    return this.#listeners.subscribe(listener as (event: LiveChanges) => unknown)
  }

  [Symbol.asyncIterator](): AsyncIterator<LiveChanges<never>, undefined> {
    return this.#listeners.read() as AsyncIterator<LiveChanges<never>, undefined>
  }

  settled(options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    return this.group.settled(options)
  }

  seen(token: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    return this.group.seen(token, options)
  }

  close(): Promise<void> {
    return this.group.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** One table for the application. */
export class TableView extends RowsView implements LiveTable<never, never> {
  readonly #name: string
  readonly #rows: RowTable
  readonly #indexes = new Map<string, LiveIndex<never, never>>()

  constructor(group: LiveGroup, name: string) {
    super(group, group.listenersOf(name))
    this.#name = name
    this.#rows = group.core.rowsOf(name)
  }

  get state(): LiveState {
    return this.group.stateOf(this.#name)
  }

  get staleSince(): number | null {
    return this.group.staleSinceOf(this.#name)
  }

  get key(): KeyFields {
    return this.#rows.schema.key.given
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: unknown): undefined {
    return this.#rows.get(this.#rows.schema.key.ofValue(key)) as undefined
  }

  has(key: unknown): boolean {
    return this.get(key) !== undefined
  }

  values(): IterableIterator<never> {
    return this.#rows.records() as IterableIterator<unknown> as IterableIterator<never>
  }

  [Symbol.iterator](): IterableIterator<never> {
    return this.values()
  }

  index(fields: KeyFields): LiveIndex<never, never> {
    checkFields('index()', fields)
    const name = JSON.stringify(fields)
    let view = this.#indexes.get(name)
    if (!view) {
      const index = new RowIndex(new RowKey(fields))
      this.#rows.addIndex(index)
      const get = (value: unknown): never[] =>
        Array.from(index.keysOf(value), (key) => this.#rows.get(key) as never)
      this.#indexes.set(name, (view = { get }))
    }
    return view
  }

  stats(): LiveStats {
    const { size: rows, remembered } = this.#rows
    return { rows, remembered, ...this.group.core.countsOf(this.#name) }
  }
}

/** Several tables for the application. */
export class TablesView
  extends RowsView
  implements LiveTables<Readonly<Record<string, LiveTable<never, never>>>>
{
  readonly tables: Readonly<Record<string, LiveTable<never, never>>>

  constructor(group: LiveGroup, names: readonly string[]) {
    super(group, group.listeners)
    this.tables = Object.fromEntries(names.map((name) => [name, new TableView(group, name)]))
  }

  get state(): LiveState {
    return this.group.state
  }

  get staleSince(): number | null {
    return this.group.staleSince
  }
}
