import { pause } from '../base/clock.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { PriceDatabase } from './database.ts'
import { publishedBy } from './publishing.ts'
import { readPrices } from './prices.ts'
import type { ProcessSetup, Tell } from './reports.ts'
import { type PriceTables, priceTables } from './tables.ts'

/** Part of the rows that is there before anybody subscribes: there must be something to read. */
const openingPart = 0.2

/** Rows written in one go and the pause after it: about 900 rows a second, to be watched. */
const rowsPerTurn = 10
const pauseMs = 10

/** Rows between two flushes: so much at most is published and not confirmed. */
const rowsPerFlush = 1_000

/** The process that changes the data: each row in a transaction, published after its commit. */
export async function runEventHandler(setup: ProcessSetup, tell: Tell): Promise<void> {
  const prices = readPrices(setup.rows ?? Infinity)
  const database = new PriceDatabase(setup.database)
  const { name, definition, host } = setup
  tell({ type: 'state', state: 'joining' })
  const queue = await openUpdateQueue<PriceTables>({
    process: name,
    definition,
    host,
    publishes: priceTables,
  })
  const opening = Math.ceil(prices.length * openingPart)
  tell({ type: 'state', state: 'writing' })
  for (const [place, price] of prices.entries()) {
    queue.publish(database.insert(price))
    const changes = place + 1
    if (changes % rowsPerFlush === 0) await flush(queue, tell)
    if (changes < opening || changes % rowsPerTurn !== 0) continue
    tell({ type: 'written', changes, of: prices.length })
    await pause(pauseMs)
  }
  tell({ type: 'written', changes: prices.length, of: prices.length })
  await publishedBy(queue, tell)
  database.close()
}

/** Whoever publishes in bulk waits for the slowest subscriber now and then, and loses nothing. */
async function flush(queue: UpdateQueue<PriceTables>, tell: Tell): Promise<void> {
  tell({ type: 'state', state: 'flushing' })
  await queue.flush()
  tell({ type: 'state', state: 'writing' })
}
