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
    VOLUME: 931_800_000n,
  })
  expect(prices.at(-1)?.DATE).toBe('2020-04-17')
  expect(readPrices(2)).toEqual(prices.slice(0, 2))
})

it('a transaction changes both tables and says so with growing versions', () => {
  const [first, second] = readPrices(2)
  const commits = [
    database.insert(first!),
    database.insert(second!),
    database.modify(first!.DATE, () => ({ CLOSE: 1 })),
    database.delete(second!.DATE),
    database.delete(first!.DATE),
  ]
  const told = commits.map((commit) =>
    commit.map(({ table, kind, version }) => `${table} ${kind} ${version}`),
  )
  expect(told).toEqual([
    ['DAILY_PRICE insert 1', 'MONTHLY_SUMMARY insert 1'],
    ['DAILY_PRICE insert 1', 'MONTHLY_SUMMARY modify 2'],
    ['DAILY_PRICE modify 2', 'MONTHLY_SUMMARY modify 3'],
    ['DAILY_PRICE delete 2', 'MONTHLY_SUMMARY modify 4'],
    ['DAILY_PRICE delete 3', 'MONTHLY_SUMMARY delete 5'],
  ])
  expect(countRows(database.read())).toBe(0)
  expect(database.delete(first!.DATE)).toEqual([])
})

it('what is published of a row is what the table holds of it', () => {
  const prices = readPrices(30)
  const commits = prices.map((price) => database.insert(price))
  const { DAILY_PRICE, MONTHLY_SUMMARY } = database.read()
  expect(DAILY_PRICE).toEqual(commits.map(([price]) => price?.record))
  expect(MONTHLY_SUMMARY.map(({ MONTH, DAYS }) => [MONTH, DAYS])).toEqual([
    ['2000-01', 20n],
    ['2000-02', 10n],
  ])
  expect(MONTHLY_SUMMARY.at(-1)).toEqual(commits.at(-1)?.[1]?.record)
})

it('a comparison finds what is missing, too much, or another state', () => {
  for (const price of readPrices(3)) database.insert(price)
  const rows = database.read()
  const [first, second, third] = rows.DAILY_PRICE
  const copy = {
    DAILY_PRICE: [{ ...third!, DATE: '1999-12-31' }, { ...second!, VOLUME: 1n }, third!],
    MONTHLY_SUMMARY: [],
  }
  expect(differences(rows, rows)).toEqual([])
  expect(differences(rows, copy)).toEqual([
    { table: 'DAILY_PRICE', key: first?.DATE, what: 'missing in the copy' },
    { table: 'DAILY_PRICE', key: second?.DATE, what: 'another state in the copy' },
    { table: 'DAILY_PRICE', key: '1999-12-31', what: 'only in the copy' },
    { table: 'MONTHLY_SUMMARY', key: '2000-01', what: 'missing in the copy' },
  ])
})
