import { pause } from '../base/clock.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import { PriceDatabase } from './database.ts'
import { publishedBy } from './publishing.ts'
import type { ProcessSetup, Tell } from './reports.ts'
import type { DailyPrice, PriceTables } from './tables.ts'

/** Days that are corrected, spread over all that are there, the newest among them. */
const days = 40

/** Each so many-th of them was no trading day at all and is deleted. */
const deletedEach = 5

/** Pause between two corrections: the event handler's commits come between them. */
const pauseMs = 20

/**
 * A script that corrects some prices while the event handler goes on: it writes, then publishes.
 * Both change the summary of the newest month, which only its version keeps in order.
 */
export async function runCorrections(setup: ProcessSetup, tell: Tell): Promise<void> {
  const { name, definition, host } = setup
  const database = new PriceDatabase(setup.database)
  tell({ type: 'state', state: 'joining' })
  const queue = await openUpdateQueue<PriceTables>({ script: name, definition, host })
  tell({ type: 'state', state: 'correcting' })
  const dates = spread(database.read().DAILY_PRICE)
  for (const [place, date] of dates.entries()) {
    const isDeleted = place % deletedEach === deletedEach - 1
    const commit = isDeleted ? database.delete(date) : database.modify(date, restated)
    if (commit.length > 0) queue.publish(commit)
    tell({ type: 'written', changes: place + 1, of: dates.length })
    await pause(pauseMs)
  }
  await publishedBy(queue, tell)
  database.close()
}

function spread(prices: readonly DailyPrice[]): string[] {
  const step = Math.max(1, Math.floor(prices.length / days))
  const newestFirst = prices.map(({ DATE }) => DATE).reverse()
  return newestFirst.filter((_, place) => place % step === 0).slice(0, days)
}

/** To the cent: the file has six digits behind the point. */
function restated({ CLOSE, ADJ_CLOSE }: DailyPrice): Partial<DailyPrice> {
  const toCent = (points: number): number => Math.round(points * 100) / 100
  return { CLOSE: toCent(CLOSE), ADJ_CLOSE: toCent(ADJ_CLOSE) }
}
