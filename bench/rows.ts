/** A trade of 15 fields, about 250 bytes as JSON: what every peer of a benchmark sends. */
export interface Trade {
  TRADE_ID: string
  SYMBOL: string
  SIDE: string
  PRICE: number
  QUANTITY: number
  NOTIONAL: number
  CURRENCY: string
  VENUE: string
  TRADER: string
  BOOK: string
  STATUS: string
  VERSION: number
  CREATED: number
  COMMENT: string | null
  ACTIVE: boolean
}

const venues = ['Zürich', 'London', 'New York', 'Frankfurt']

export function trade(index: number): Trade {
  return {
    TRADE_ID: `T${index}`,
    SYMBOL: `${'ABCDEFGH'[index % 8]}XYZ`,
    SIDE: index % 2 === 0 ? 'SELL' : 'BUY',
    PRICE: 100 + (index % 1000) / 8,
    QUANTITY: (index * 7) % 10_000,
    NOTIONAL: index * 1.25,
    CURRENCY: 'EUR',
    VENUE: venues[index % 4] ?? '',
    TRADER: 'j.smith',
    BOOK: `BOOK_${index % 50}`,
    STATUS: 'NEW',
    VERSION: 1,
    CREATED: 1_700_000_000_000 + index,
    COMMENT: index % 3 === 0 ? 'partially filled at the open' : null,
    ACTIVE: index % 5 !== 0,
  }
}
