import { readFileSync } from 'node:fs'
import { assert } from '../base/assertion.ts'
import type { DailyPrice } from './tables.ts'

const file = new URL('../../data/sp500-2000.csv', import.meta.url)
const header = 'date,open,high,low,close,adjclose,volume'

/**
 * The first `most` daily prices of data/sp500-2000.csv, oldest first. The file comes with the
 * package and quotes nothing, so a line is split at its commas.
 */
export function readPrices(most = Infinity): DailyPrice[] {
  const [first, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
  assert(first === header, `the columns of ${file.pathname} are ${header}`)
  return lines.slice(0, most).map(priceOf)
}

function priceOf(line: string): DailyPrice {
  const [DATE = '', open, high, low, close, adjustedClose, volume = ''] = line.split(',')
  return {
    DATE,
    OPEN: Number(open),
    HIGH: Number(high),
    LOW: Number(low),
    CLOSE: Number(close),
    ADJ_CLOSE: Number(adjustedClose),
    VOLUME: Number(volume),
  }
}
