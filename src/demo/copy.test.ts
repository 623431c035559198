import { expect, it } from 'vitest'
import { Copy } from './copy.ts'
import type { DailyPrice, PriceUpdate } from './tables.ts'

const price = (version: bigint, close = 1): DailyPrice => ({
  DATE: '2000-01-03',
  OPEN: 1,
  HIGH: 1,
  LOW: 1,
  CLOSE: close,
  ADJ_CLOSE: close,
  VOLUME: 1n,
  VERSION: version,
})

const update = (kind: PriceUpdate['kind'], version: bigint, close = 1): PriceUpdate => ({
  table: 'DAILY_PRICE',
  kind,
  record: price(version, close),
  before: undefined,
  version,
  publisher: null,
  sequence: null,
  commit: null,
  publishedAt: 0,
})

const closes = (copy: Copy): number[] => copy.rows().DAILY_PRICE.map(({ CLOSE }) => CLOSE)

it('an update that was contained in what was read does no harm', () => {
  const copy = new Copy()
  copy.load('DAILY_PRICE', [price(3n, 30)])
  expect(copy.apply(update('insert', 1n, 10))).toBe(false)
  expect(copy.apply(update('modify', 3n, 33))).toBe(false)
  expect(closes(copy)).toEqual([30])
  expect(copy.apply(update('modify', 4n, 40))).toBe(true)
  expect(closes(copy)).toEqual([40])
})

it('of two publishers the newer state counts, in whatever order they are heard', () => {
  const copy = new Copy()
  copy.apply(update('delete', 3n))
  copy.apply(update('insert', 1n))
  copy.apply(update('modify', 2n))
  expect(closes(copy)).toEqual([])
  expect(copy.size).toBe(0)
})

it('a reload removes what was deleted unheard, and an older update does not bring it back', () => {
  const copy = new Copy()
  copy.apply(update('insert', 1n))
  copy.load('DAILY_PRICE', [])
  expect(copy.apply(update('insert', 1n))).toBe(false)
  expect(copy.size).toBe(0)
})

it('a reload of one table leaves the other alone', () => {
  const copy = new Copy()
  copy.apply(update('insert', 1n, 10))
  copy.load('MONTHLY_SUMMARY', [])
  expect(closes(copy)).toEqual([10])
})

it('forgets one row when it is told to', () => {
  const copy = new Copy()
  copy.apply(update('insert', 1n))
  copy.forgetOne()
  expect(copy.size).toBe(0)
})
