import type { NewUpdate, Update } from '../model/update.ts'

/** One trading day of the index, as the database holds it. */
export interface DailyPrice {
  /** The key, YYYY-MM-DD. */
  readonly DATE: string
  readonly OPEN: number
  readonly HIGH: number
  readonly LOW: number
  readonly CLOSE: number
  readonly ADJ_CLOSE: number
  readonly VOLUME: bigint
  /** Grows by one with each change of the row: of two states the one with the larger is newer. */
  readonly VERSION: bigint
}

/** What the days of a month come to; changed in the transaction that changes a day. */
export interface MonthlySummary {
  /** The key, YYYY-MM. */
  readonly MONTH: string
  readonly DAYS: bigint
  readonly HIGH: number
  readonly LOW: number
  readonly AVERAGE_CLOSE: number
  readonly VOLUME: bigint
  readonly VERSION: bigint
}

export interface PriceTables {
  DAILY_PRICE: DailyPrice
  MONTHLY_SUMMARY: MonthlySummary
}

export type PriceTable = keyof PriceTables
export type PriceRow = PriceTables[PriceTable]
export type PriceUpdate = Update<PriceTables>

/** The updates of one transaction, to be published when it is committed. */
export type PriceCommit = NewUpdate<PriceTables>[]

/** All rows of each table. */
export interface TableRows {
  readonly DAILY_PRICE: readonly DailyPrice[]
  readonly MONTHLY_SUMMARY: readonly MonthlySummary[]
}

export const priceTables = ['DAILY_PRICE', 'MONTHLY_SUMMARY'] as const

export function keyOf(row: PriceRow): string {
  return 'DATE' in row ? row.DATE : row.MONTH
}
