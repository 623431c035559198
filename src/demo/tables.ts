/** One trading day of the index, as the database holds it. */
export interface DailyPrice {
  /** The key, YYYY-MM-DD. */
  readonly DATE: string
  readonly OPEN: number
  readonly HIGH: number
  readonly LOW: number
  readonly CLOSE: number
  readonly ADJ_CLOSE: number
  readonly VOLUME: number
}

/** What the days of a month come to; changed in the transaction that changes a day. */
export interface MonthlySummary {
  /** The key, YYYY-MM. */
  readonly MONTH: string
  readonly DAYS: number
  readonly HIGH: number
  readonly LOW: number
  readonly AVERAGE_CLOSE: number
  readonly VOLUME: number
}

export interface PriceTables {
  DAILY_PRICE: DailyPrice
  MONTHLY_SUMMARY: MonthlySummary
}

export type PriceTable = keyof PriceTables

/** All rows of a table, for each table that somebody has. */
export type TableRows = { readonly [Table in PriceTable]?: readonly PriceTables[Table][] }

export const priceTables = ['DAILY_PRICE', 'MONTHLY_SUMMARY'] as const

export const keyColumns = { DAILY_PRICE: 'DATE', MONTHLY_SUMMARY: 'MONTH' } as const
