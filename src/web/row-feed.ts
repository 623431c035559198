import type { Timer } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { toJson } from '../lines/json-output.ts'
import type { LiveState } from '../live/live-condition.ts'
import type { LiveChanges } from '../live/live-options.ts'
import type { SharedFeed } from '../streams/feed-set.ts'
import type { FrameSink } from '../streams/frame-sink.ts'
import { SharedEvents, type SharedEventsOptions } from '../streams/shared-events.ts'
import type { ClosedReason } from '../streams/stream-reader.ts'
import { ChangedKeys } from './changed-keys.ts'
import { RowBatch } from './row-batch.ts'
import { RowCursor, type RowsOfCursor } from './row-cursor.ts'
import type { ServedTable } from './served-table.ts'
import type { ShownRows } from './shown-rows.ts'
import type { WebLimits } from './web-limits.ts'

interface RowFeedOptions extends Omit<SharedEventsOptions, 'form' | 'limits'> {
  readonly table: ServedTable
  readonly rows: ShownRows
  readonly limits: WebLimits
  /** What `map` has thrown: the feed has ended by it. */
  readonly failed: (error: TidingsError) => void
}

/**
 * The same rows of a live table for all pages that may see them. Each step of the live table is an event, written down once; who begins
 * or is behind gets rows first, each once and as it is now.
 */
export class RowFeed implements SharedFeed, RowsOfCursor {
  readonly events: SharedEvents
  readonly #options: RowFeedOptions
  readonly #changed: ChangedKeys
  readonly #ended = Promise.withResolvers<void>()
  readonly #unsubscribe: () => void
  #state: LiveState
  /** The rows that were written down last for who begins; null: none, or too long ago. */
  #whole: RowBatch | null = null
  #forgetWhole: Timer | null = null
  /** What was written down last for who is behind. */
  #since: { readonly number: number; readonly batch: RowBatch } | null = null

  constructor(options: RowFeedOptions) {
    const { table, limits } = options
    this.#options = options
    this.events = new SharedEvents({ ...options, form: 'sse' })
    this.#changed = new ChangedKeys(limits.rememberedKeys)
    this.#state = table.state
    this.#unsubscribe = table.subscribe((event) => this.#take(event))
    table.closed.then(
      () => this.#ended.resolve(),
      () => this.#ended.resolve(),
    )
  }

  /** Resolves when the live table has ended, or `map` has thrown. */
  get closed(): Promise<void> {
    return this.#ended.promise
  }

  get state(): LiveState {
    return this.#state
  }

  /** The head of the answer is written. `lastEventId`: where the reader has stopped; null: it has no rows. */
  join(sink: FrameSink, lastEventId: string | null): void {
    const from = lastEventId === null ? null : this.events.numberOf(lastEventId)
    this.events.join(sink, new RowCursor(this, from)).pump()
  }

  batchFor(number: number | null): RowBatch {
    if (this.#since?.number === number && this.#isFresh(this.#since.batch)) return this.#since.batch
    const keys = number === null ? null : this.#changed.since(number)
    if (number === null || keys === null)
      return (this.#whole = this.#isFresh(this.#whole) ?? this.#writeWhole())
    const { rows } = this.#options
    const found = keys.map((key) => ({ key, record: rows.get(key) }))
    const batch = this.#batchOf(
      false,
      found.flatMap(({ record }) => record ?? []),
      found.filter(({ record }) => record === undefined).map(({ key }) => key),
    )
    this.#since = { number, batch }
    return batch
  }

  fail(error: unknown): void {
    this.#options.failed(TidingsError.from(error))
    this.#ended.resolve()
  }

  async close(reason: ClosedReason): Promise<void> {
    this.#unsubscribe()
    this.#forgetWhole?.cancel()
    this.events.close(reason)
  }

  #take({ changes, state }: LiveChanges): void {
    const { rows } = this.#options
    const number = this.events.kept.nextNumber
    const [records, gone]: [object[], unknown[]] = [[], []]
    for (const { kind, key, record, before } of changes) {
      const was = kind === 'delete' ? record : before
      if (kind !== 'delete' && rows.includes(record)) records.push(record)
      else if (was !== undefined && rows.includes(was)) gone.push(key)
      else continue
      this.#changed.add(key, number)
    }
    const size = records.length + gone.length
    if (size === 0 && state === this.#state) return
    this.#state = state
    if (size > this.#options.limits.stepRows) return this.events.skip()
    try {
      const shown = records.map((record) => rows.shown(record))
      this.events.add({ name: 'changes', data: toJson({ rows: shown, gone, state }) })
    } catch (error) {
      this.fail(error)
    }
  }

  #writeWhole(): RowBatch {
    const { rows, clock, limits } = this.#options
    this.#forgetWhole?.cancel()
    this.#forgetWhole = clock.after(limits.snapshotMs, () => (this.#whole = null))
    return this.#batchOf(true, rows.all(), [])
  }

  #batchOf(isWhole: boolean, records: readonly object[], gone: readonly unknown[]): RowBatch {
    const { rows, table, limits } = this.#options
    const { partBytes } = limits
    const number = this.events.kept.last
    const { key } = table
    return new RowBatch({
      number,
      state: this.#state,
      key,
      isWhole,
      records,
      gone,
      rows,
      partBytes,
    })
  }

  /** All that came behind it is kept, so that it leads to what is now. */
  #isFresh(batch: RowBatch | null): RowBatch | null {
    return batch !== null && this.events.kept.hasAllAfter(batch.number) ? batch : null
  }
}
