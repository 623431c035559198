import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { bigints, pick, randomUpdates, strings } from '../../../test/harness/random-rows.ts'
import { batches, insert, readAll } from '../../../test/harness/row-journey.ts'
import { type Random, seededRandom } from '../../base/random.ts'
import type { Update } from '../../model/update.ts'
import { type Comparable, type FieldWhere, RecordTest } from '../../model/where.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

/** A value as rows have it, or near one. */
function operand(random: Random, updates: readonly Update[], field: string): Comparable {
  const { record } = pick(random, updates)
  const value = (record as Record<string, unknown>)[field]
  const other = pick<Comparable>(random, [
    pick(random, strings),
    pick(random, [0, 1, 5e5]),
    pick(random, bigints),
    random() < 0.5,
    new Date(5e12),
  ])
  const isUsual = ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
  const isComparable = isUsual || (value instanceof Date && !Number.isNaN(value.getTime()))
  return isComparable && !Number.isNaN(value) && random() < 0.8 ? (value as Comparable) : other
}

function fieldWhere(random: Random, updates: readonly Update[], field: string): FieldWhere {
  const value = () => operand(random, updates, field)
  return pick<() => FieldWhere>(random, [
    value,
    () => null,
    () => ({ eq: value() }),
    () => ({ not: pick(random, [null, value()]) }),
    () => ({ in: [value(), null, value(), value()] }),
    () => ({ gt: value() }),
    () => ({ gte: value(), lt: value() }),
    () => ({ lte: value(), not: value() }),
  ])()
}

const seeds = Array.from({ length: 120 }, (_, n) => n + 1)

describe('where', () => {
  it.each(seeds)('reads of any rows what passes when decoded (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const updates = randomUpdates(random, 50 + Math.floor(random() * 300))
    const writer = new RowWriter({ batchBytes: pick(random, [500, 20_000, 262_144]) })
    for (const update of updates) writer.append(update)
    const messages = batches(writer)
    const all = readAll(messages)
    const names = [...new Set(all.flatMap(({ record }) => Object.keys(record))), 'not there']
    for (let round = 0; round < 6; round++) {
      const tested = names.filter((name) => name !== '__proto__' && random() < 2 / names.length)
      const where = Object.fromEntries(
        tested.map((field) => [field, fieldWhere(random, all, field)]),
      )
      const test = new RecordTest(where)
      const passing = all.filter(({ record, before }) => test.passes(record, before))
      for (const generateAfter of [1, Infinity]) {
        const reader = new RowReader({ where: test, generateAfter })
        assert.deepStrictEqual(readAll(messages, reader), passing, JSON.stringify(tested))
        for (const message of messages) {
          const some: Update[] = []
          const from = message.first + Math.floor(random() * message.count)
          expect(reader.read(message, from - message.first, some)).toBe(true)
          const isWanted = ({ sequence }: Update) =>
            (sequence ?? 0) >= from && (sequence ?? 0) < message.first + message.count
          assert.deepStrictEqual(some, passing.filter(isWanted))
        }
      }
    }
  })

  it('never throws or reads beyond itself, whatever the bytes', () => {
    const random = seededRandom(7)
    const writer = new RowWriter({ batchBytes: 262_144 })
    for (const update of randomUpdates(random, 200)) writer.append(update)
    for (let n = 0; n < 50; n++) writer.append(insert({ A: strings[n % strings.length], B: n }))
    const messages = batches(writer)
    let malformed = 0
    for (let round = 0; round < 20_000; round++) {
      const message = pick(random, messages)
      const payload = Buffer.from(message.payload)
      for (let n = 0; n < 3; n++)
        payload[Math.floor(random() * payload.length)] = Math.floor(random() * 256)
      const test = new RecordTest({ F1: { not: 'x' }, B: { gt: 10 }, F2: { lte: 5n } })
      const into: Update[] = []
      const reader = new RowReader({ where: pick(random, [test, new RecordTest({ A: 'a' })]) })
      if (!reader.read({ ...message, payload }, 0, into)) {
        malformed++
        expect(into).toEqual([])
      }
    }
    expect(malformed).toBeGreaterThan(1000)
  })

  it.each([
    ['equality', { PRICE: 5 }, [5]],
    ['another type', { PRICE: '5' as never }, []],
    ['null and absent', { PRICE: null }, [null, undefined]],
    ['not null', { PRICE: { not: null } }, [5, 7, -0]],
    ['another value, null among them', { PRICE: { not: 5 } }, [7, null, undefined, -0]],
    ['a range', { PRICE: { gte: 0, lt: 7 } }, [5, -0]],
    ['a list', { PRICE: { in: [7, null] } }, [7, null, undefined]],
    ['zero is −0', { PRICE: 0 }, [-0]],
  ])('%s', (_, where, prices) => {
    const writer = new RowWriter()
    for (const PRICE of [5, 7, null, undefined, -0]) writer.append(insert({ PRICE, ID: 'x' }))
    const got = readAll(batches(writer), new RowReader({ where: new RecordTest(where) }))
    expect(got.map(({ record }) => (record as { PRICE?: number }).PRICE)).toEqual(prices)
  })

  it('compares texts by their code units, in line and out of it', () => {
    const names = ['a', 'b', 'ü', '山', '\ud83d\ude00', 'x'.repeat(70_000)]
    const read = (where: FieldWhere) =>
      readAll(
        batches(writerOf(names)),
        new RowReader({ where: new RecordTest({ NAME: where }) }),
      ).map(({ record }) => (record as { NAME: string }).NAME)
    expect(read({ gt: 'b' })).toEqual(names.filter((name) => name > 'b'))
    expect(read({ in: ['山', 'b', names[5] as string] })).toEqual(['b', '山', names[5]])
    expect(read('\ud83d\ude00')).toEqual(['\ud83d\ude00'])
  })
})

function writerOf(names: readonly string[]): RowWriter {
  const writer = new RowWriter()
  for (const NAME of names) writer.append(insert({ NAME }))
  return writer
}
