import { pause } from '../base/clock.ts'
import { readPrices } from './prices.ts'
import type { ProcessSetup, Tell } from './reports.ts'
import { Writer } from './writer.ts'

/** Part of the rows that is there before anybody subscribes: there must be something to read. */
const openingPart = 0.2

/** Rows written in one go and the pause after it: some 600 rows a second, to be watched. */
const rowsPerTurn = 10
const pauseMs = 10

/** Writes the days, each in a transaction, and stays until it is told to leave. */
export async function runEventHandler(
  setup: ProcessSetup,
  tell: Tell,
  finish: Promise<void>,
): Promise<void> {
  const prices = readPrices(setup.rows ?? Infinity)
  const writer = await Writer.open(setup, tell)
  const opening = Math.ceil(prices.length * openingPart)
  for (const [place, price] of prices.entries()) {
    writer.database.insert(price)
    const changes = place + 1
    if (changes < opening || changes % rowsPerTurn !== 0) continue
    tell({ type: 'written', changes, of: prices.length })
    await pause(pauseMs)
  }
  tell({ type: 'written', changes: prices.length, of: prices.length })
  tell({ type: 'state', state: 'waiting' })
  await finish
  await writer.close()
}
