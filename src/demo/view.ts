import { tracingChannel } from 'node:diagnostics_channel'
import { DatabaseSync } from 'node:sqlite'
import { every } from '../base/clock.ts'
import type { ReadTableOptions } from '../database/versioned-rows.ts'
import { type DatabaseSnapshot, readTable, snapshots } from '../database/sqlite/read-table.ts'
import type { LiveRows } from '../live/live-table.ts'
import type { LiveStats } from '../live/live-options.ts'
import { liveTable, liveTables } from '../live/open-live.ts'
import type { Delivery } from '../model/update.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { Latency } from './latency.ts'
import type { ProcessSetup, Tell, ViewFigures } from './reports.ts'
import { keyColumns, type PriceTable, type PriceTables, type TableRows } from './tables.ts'

/** How often the figures are told, milliseconds: as often as a person can read them. */
const figuresIntervalMs = 100

/** Live tables, as a view of the demonstration has them. */
interface Kept {
  readonly live: LiveRows<unknown>
  rows(): TableRows
  stats(): readonly LiveStats[]
}

/** A process that has rows at hand. The live tables see to it that they are those of the database. */
export async function runView(
  setup: ProcessSetup,
  tell: Tell,
  finish: Promise<void>,
): Promise<void> {
  const { name, definition, host } = setup
  tell({ type: 'state', state: 'joining' })
  const queue = await openUpdateQueue<PriceTables>({ process: name, definition, host })
  tell({ type: 'state', state: 'reading' })
  const heard = new Heard()
  const database = new DatabaseSync(setup.database, { readOnly: true })
  const kept =
    setup.role === 'summary-view'
      ? await keepSummaries(queue, database)
      : await keepAll(queue, database)
  const { live } = kept
  const say = (): void => {
    tell({ type: 'state', state: live.state })
    tell({ type: 'figures', figures: heard.figures(kept) })
  }
  say()
  const timer = every(figuresIntervalMs, say)
  await finish
  await live.settled()
  timer.cancel()
  say()
  tell({ type: 'kept', tables: kept.rows(), figures: heard.figures(kept) })
  tell({ type: 'state', state: 'done' })
  await queue.close()
  database.close()
}

/** Both tables: who looks at them sees all of a commit or nothing of it. */
async function keepAll(queue: UpdateQueue<PriceTables>, database: DatabaseSync): Promise<Kept> {
  const live = await liveTables(
    queue,
    {
      DAILY_PRICE: { key: 'DATE', ...readsOf('DAILY_PRICE') },
      MONTHLY_SUMMARY: { key: 'MONTH', ...readsOf('MONTHLY_SUMMARY') },
    },
    { within: snapshots(database) },
  )
  const { DAILY_PRICE, MONTHLY_SUMMARY } = live.tables
  return {
    live,
    rows: () => ({ DAILY_PRICE: [...DAILY_PRICE], MONTHLY_SUMMARY: [...MONTHLY_SUMMARY] }),
    stats: () => [DAILY_PRICE.stats(), MONTHLY_SUMMARY.stats()],
  }
}

/** How a table is read, both tables in one transaction. */
function readsOf<Table extends PriceTable>(table: Table) {
  interface Context {
    readonly within: DatabaseSnapshot
  }
  const read = ({ within }: Context, options?: ReadTableOptions) =>
    within.read<PriceTables[Table]>(table, options)
  return {
    read: (context: Context) => read(context),
    readKeys: (keys: readonly unknown[], context: Context) =>
      read(context, { key: keyColumns[table], keys }),
  }
}

/** One table. */
async function keepSummaries(
  queue: UpdateQueue<PriceTables>,
  database: DatabaseSync,
): Promise<Kept> {
  const table = 'MONTHLY_SUMMARY'
  const key = keyColumns[table]
  const live = await liveTable(queue, {
    table,
    key,
    read: () => readTable<PriceTables[typeof table]>(database, table),
    readKeys: (keys) => readTable<PriceTables[typeof table]>(database, table, { key, keys }),
  })
  return { live, rows: () => ({ [table]: [...live] }), stats: () => [live.stats()] }
}

/** What has come, as the channels of the library tell it when the live tables have it. */
class Heard {
  readonly #latency = new Latency()
  #updates = 0
  #losses = 0
  #resets = 0

  constructor() {
    tracingChannel('tidings:handler').end.subscribe((message) =>
      this.#take((message as { readonly delivery: Delivery }).delivery),
    )
  }

  figures(kept: Kept): ViewFigures {
    return {
      updates: this.#updates,
      losses: this.#losses,
      resets: this.#resets,
      reads: kept.stats().reduce((sum, { reads }) => sum + reads, 0),
      p50Ms: this.#latency.percentile(50),
      p99Ms: this.#latency.percentile(99),
    }
  }

  #take(delivery: Delivery): void {
    if (delivery.type === 'updates') {
      this.#updates += delivery.updates.length
      for (const { publishedAt } of delivery.updates) this.#latency.record(publishedAt)
    } else if (delivery.type === 'loss')
      for (const { reason } of delivery.losses)
        if (reason === 'reset') this.#resets += 1
        else this.#losses += 1
  }
}
