import { every } from '../base/clock.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { Delivery } from '../model/update.ts'
import { Copy } from './copy.ts'
import { PriceDatabase } from './database.ts'
import { Latency } from './latency.ts'
import type { CopyFigures, ProcessSetup, Tell } from './reports.ts'
import { type PriceTable, type PriceTables, priceTables } from './tables.ts'

/** How often the figures are told, milliseconds: as often as a person can read them. */
const figuresIntervalMs = 100

/**
 * The process that has all rows at hand: it subscribes, waits until the subscription is ready, reads
 * the tables, and from then on keeps up by the queue alone. What was published between ready and the
 * read comes twice; the copy's versions sort it out. In any other order something would be missed.
 */
export async function runDataServer(
  setup: ProcessSetup,
  tell: Tell,
  handOver: Promise<void>,
): Promise<void> {
  const { name, definition, host } = setup
  const database = new PriceDatabase(setup.database)
  tell({ type: 'state', state: 'joining' })
  const queue = await openUpdateQueue<PriceTables>({ process: name, definition, host })
  tell({ type: 'state', state: 'subscribing' })
  const subscription = queue.subscribe(priceTables)
  await subscription.ready
  const server = new DataServer(database)
  tell({ type: 'state', state: 'keeping up' })
  tell({ type: 'caught-up' })
  const timer = every(figuresIntervalMs, () => tell({ type: 'figures', figures: server.figures() }))
  const stopped = handOver.then(() => subscription.stop())
  await Promise.all([stopped, server.takeAll(subscription)])
  timer.cancel()
  if (setup.tampers) server.copy.forgetOne()
  const figures = server.figures()
  tell({ type: 'figures', figures })
  tell({ type: 'copy', tables: server.copy.rows(), figures })
  tell({ type: 'state', state: 'done' })
  await queue.close()
  database.close()
}

class DataServer {
  readonly copy = new Copy()
  readonly #database: PriceDatabase
  readonly #latency = new Latency()
  readonly #read: number
  readonly #readAt: number
  #updates = 0
  #deliveries = 0
  #losses = 0

  constructor(database: PriceDatabase) {
    this.#database = database
    this.#reload(priceTables)
    this.#read = this.copy.size
    this.#readAt = Date.now()
  }

  async takeAll(deliveries: AsyncIterable<Delivery<PriceTables>>): Promise<void> {
    for await (const delivery of deliveries) this.#take(delivery)
  }

  #take(delivery: Delivery<PriceTables>): void {
    this.#deliveries += 1
    if (delivery.type === 'loss') {
      this.#losses += delivery.losses.length
      const isAny = delivery.losses.some(({ table }) => table === null)
      this.#reload(isAny ? priceTables : delivery.losses.flatMap(({ table }) => table ?? []))
      return
    }
    for (const update of delivery.updates) {
      this.#updates += 1
      this.copy.apply(update)
      // What came before had to wait until the tables were read: that is not the queue's time.
      if (update.publishedAt > this.#readAt) this.#latency.record(update.publishedAt)
    }
  }

  figures(): CopyFigures {
    return {
      read: this.#read,
      updates: this.#updates,
      deliveries: this.#deliveries,
      losses: this.#losses,
      p50Ms: this.#latency.percentile(50),
      p99Ms: this.#latency.percentile(99),
    }
  }

  #reload(tables: readonly PriceTable[]): void {
    const rows = this.#database.read()
    for (const table of tables) this.copy.load(table, rows[table])
  }
}
