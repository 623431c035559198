import type { Trade } from './rows.ts'
import { trade } from './rows.ts'

/** A trade of 20 fields; a tenth of them hold characters beyond latin1. */
export interface WideTrade extends Trade {
  UPDATED: number
  FEES: number
  SETTLE: string
  CLIENT: string
  FLAGS: number
}

export type RowSet = '15' | '20w'
export type Reading = 'one' | 'all'

export const rowSets: readonly RowSet[] = ['15', '20w']
export const readings: readonly Reading[] = ['one', 'all']

export function wideTrade(index: number): WideTrade {
  return {
    ...trade(index),
    TRADER: index % 10 === 0 ? '山田' : 'j.smith',
    UPDATED: 1_700_000_000_500 + index,
    FEES: index / 4,
    SETTLE: '2026-11-25',
    CLIENT: `C${index % 999}`,
    FLAGS: index & 255,
  }
}

/** The rows that every peer sends, from 0. */
export const rowMaker = (rows: RowSet): ((index: number) => Trade) =>
  rows === '15' ? trade : wideTrade

function readTrade(row: Trade): number {
  return (
    row.TRADE_ID.length +
    row.SYMBOL.length +
    row.SIDE.length +
    row.PRICE +
    row.QUANTITY +
    row.NOTIONAL +
    row.CURRENCY.length +
    row.VENUE.length +
    row.TRADER.length +
    row.BOOK.length +
    row.STATUS.length +
    row.VERSION +
    row.CREATED +
    (row.COMMENT?.length ?? 0) +
    (row.ACTIVE ? 1 : 0)
  )
}

function readWideTrade(row: WideTrade): number {
  return readTrade(row) + row.UPDATED + row.FEES + row.SETTLE.length + row.CLIENT.length + row.FLAGS
}

const readOne = (row: Trade): number => row.QUANTITY

/** What a receiver does with each update: reads one field of it, or every field. */
export function rowReader(rows: RowSet, reading: Reading): (row: Trade) => number {
  if (reading === 'one') return readOne
  return rows === '15' ? readTrade : (row) => readWideTrade(row as WideTrade)
}

/** A power of two: whole numbers and eighths up to here are exact, in whatever order they are added. */
const modulus = 2 ** 40
const reducedAbove = 2 ** 48

/** Adds what was read of an update; the remainder is taken seldom, since it costs more than the sum. */
export function addToSum(sum: number, read: number): number {
  const next = sum + read
  return next > reducedAbove ? next % modulus : next
}

/** Two of them are equal whatever the order in which the same updates were added. */
export const finalSum = (sum: number): number => sum % modulus

/** What a receiver of all updates of so many publishers has to come to. */
export function expectedSum(
  rows: RowSet,
  reading: Reading,
  updates: number,
  publishers: number,
): number {
  const make = rowMaker(rows)
  const read = rowReader(rows, reading)
  let sum = 0
  for (let index = 0; index < updates; index++) sum = addToSum(sum, read(make(index)))
  return finalSum(finalSum(sum) * publishers)
}
