import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { countRows, differences } from './comparison.ts'
import { PriceDatabase } from './database.ts'
import { readPrices } from './prices.ts'

let directory = ''
let database: PriceDatabase

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidings-database-'))
  database = new PriceDatabase(join(directory, 'prices.sqlite'))
})

afterEach(() => {
  database.close()
  rmSync(directory, { recursive: true, force: true })
})

it('the file has 5,105 trading days', () => {
  const prices = readPrices()
  expect(prices).toHaveLength(5_105)
  expect(prices[0]).toEqual({
    DATE: '2000-01-03',
    OPEN: 1469.25,
    HIGH: 1478,
    LOW: 1438.359985,
    CLOSE: 1455.219971,
    ADJ_CLOSE: 1455.219971,
    VOLUME: 931_800_000,
  })
  expect(prices.at(-1)?.DATE).toBe('2020-04-17')
  expect(readPrices(2)).toEqual(prices.slice(0, 2))
})

it('a change of a day changes its month, in one transaction', () => {
  for (const price of readPrices(30)) database.insert(price)
  const { DAILY_PRICE, MONTHLY_SUMMARY } = database.read()
  expect(DAILY_PRICE).toHaveLength(30)
  expect(MONTHLY_SUMMARY.map(({ MONTH, DAYS }) => [MONTH, DAYS])).toEqual([
    ['2000-01', 20],
    ['2000-02', 10],
  ])
  // All days but the newest are restated to the cent.
  expect([DAILY_PRICE[0]?.CLOSE, DAILY_PRICE[29]?.CLOSE]).toEqual([1455.22, 1389.939941])
  const [newest = '', before = ''] = database.newest(2)
  expect([newest, before]).toEqual(['2000-02-14', '2000-02-11'])
  database.addVolume(newest, 1000)
  database.delete(before)
  expect(database.raise('2000')).toBe(29)
  const changed = database.read()
  expect(changed.DAILY_PRICE.slice(-2).map(({ CLOSE }) => CLOSE)).toEqual([1417.83, 1390.939941])
  const [january, february] = MONTHLY_SUMMARY
  expect(changed.MONTHLY_SUMMARY).toEqual([
    { ...january, AVERAGE_CLOSE: expect.closeTo((january?.AVERAGE_CLOSE ?? 0) + 1, 6) as number },
    {
      ...february,
      DAYS: 9,
      AVERAGE_CLOSE: expect.any(Number) as number,
      LOW: 1380.530029,
      VOLUME: (february?.VOLUME ?? 0) - 1_025_699_000,
    },
  ])
  for (const { DATE } of changed.DAILY_PRICE) database.delete(DATE)
  expect(countRows(database.read())).toBe(0)
})

it('a change that fails leaves nothing behind', () => {
  const [price] = readPrices(1)
  database.insert(price!)
  const rows = database.read()
  expect(() => database.insert(price!)).toThrow('UNIQUE')
  expect(database.read()).toEqual(rows)
})

it('a comparison finds what is missing, too much, or another state, and says what differs', () => {
  for (const price of readPrices(3)) database.insert(price)
  const rows = database.read()
  const [, second, third] = rows.DAILY_PRICE
  const kept = {
    DAILY_PRICE: [{ ...third!, DATE: '1999-12-31' }, { ...second!, VOLUME: 1 }, third!],
    MONTHLY_SUMMARY: [],
  }
  expect(differences(rows, rows)).toEqual([])
  expect(differences(rows, { MONTHLY_SUMMARY: rows.MONTHLY_SUMMARY })).toEqual([])
  expect(differences(rows, kept).map(({ table, key, what }) => `${table} ${key} ${what}`)).toEqual([
    'DAILY_PRICE 2000-01-03 is in the database alone',
    'DAILY_PRICE 2000-01-04 has VOLUME 1009000000 in the database and 1 in the live table',
    'DAILY_PRICE 1999-12-31 is in the live table alone',
    'MONTHLY_SUMMARY 2000-01 is in the database alone',
  ])
})
