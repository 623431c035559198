import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { pick, randomUpdates } from '../../../test/harness/random-rows.ts'
import {
  back,
  batches,
  insert,
  publisher,
  readAll,
  records,
  roundTrip,
} from '../../../test/harness/row-journey.ts'
import type { Update } from '../../model/update.ts'
import { encodeBatch } from '../frames/message-codec.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'
import type { RowUpdate } from './row-update.ts'

/** What a record is after the journey: JSON where it is none of the types that travel as themselves. */
function expected(record: object): object {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries.map(([name, value]) => [name, arrived(value)]))
}

function arrived(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return JSON.parse(JSON.stringify(value))
}

describe('rows', () => {
  const seeds = Array.from({ length: 60 }, (_, n) => n + 1)

  it.each(seeds)('W3: any records come back as they went (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const updates = randomUpdates(random, 50 + Math.floor(random() * 600))
    const writer = new RowWriter({ batchBytes: pick(random, [1, 500, 20_000, 262_144]) })
    const read = roundTrip(updates, writer)
    expect(read).toHaveLength(updates.length)
    for (const [n, update] of updates.entries()) {
      assert.deepStrictEqual(read[n], {
        table: 'T',
        kind: update.kind,
        record: expected(update.record),
        before: update.before === undefined ? undefined : expected(update.before),
        version: update.version,
        publisher,
        sequence: n + 1,
        commit: n + 1,
        publishedAt: 1,
      })
    }
  })

  it.each(seeds)('with some fields only are the records without the others (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const updates = randomUpdates(random, 50 + Math.floor(random() * 300))
    const writer = new RowWriter({ batchBytes: pick(random, [1, 500, 20_000, 262_144]) })
    for (const update of updates) writer.append(update)
    const messages = batches(writer)
    const found = new Set(updates.flatMap(({ record }) => Object.keys(record)))
    const fields = new Set([...found].filter(() => random() < 0.4)).add('not there')
    const part = (record: object) =>
      Object.fromEntries(Object.entries(record).filter(([name]) => fields.has(name)))
    const wanted = readAll(messages).map((update) => ({
      ...update,
      record: part(update.record),
      before: update.before && part(update.before),
    }))
    for (const generateAfter of [1, Infinity]) {
      const reader = new RowReader({ fields, generateAfter })
      assert.deepStrictEqual(readAll(messages, reader), wanted)
      for (const message of messages) {
        const some: Update[] = []
        const skip = Math.floor(random() * message.count)
        expect(reader.read(message, skip, some)).toBe(true)
        assert.deepStrictEqual(
          some,
          wanted.slice(message.first - 1 + skip, message.first - 1 + message.count),
        )
      }
    }
  })

  it.each(seeds)('D1: a commit that is taken back leaves nothing behind (seed %i)', (seed) => {
    const random = seededRandom(seed * 1000)
    const updates = randomUpdates(random, 300)
    const writer = new RowWriter({ batchBytes: pick(random, [300, 5000, 262_144]) })
    const kept: RowUpdate[] = []
    for (let n = 0; n < updates.length;) {
      const commit = updates.slice(n, (n += 1 + Math.floor(random() * 40)))
      const mark = writer.mark()
      for (const update of commit) writer.append(update)
      if (random() < 0.5) kept.push(...commit)
      else writer.rollback(mark)
      expect(writer.updates).toBe(kept.length)
    }
    const read = readAll(batches(writer))
    assert.deepStrictEqual(
      records(read),
      kept.map(({ record }) => expected(record)),
    )
    assert.deepStrictEqual(
      read.map(({ before }) => before),
      kept.map(({ before }) => before && expected(before)),
    )
  })

  it('reads from any update on, the same as all of them without the first', () => {
    const updates = randomUpdates(seededRandom(7), 200)
    const writer = new RowWriter()
    for (const update of updates) writer.append(update)
    const reader = new RowReader()
    for (const message of batches(writer)) {
      const all: Update[] = []
      expect(reader.read(message, 0, all)).toBe(true)
      for (let skip = 0; skip <= message.count; skip++) {
        const some: Update[] = []
        expect(reader.read(message, skip, some)).toBe(true)
        assert.deepStrictEqual(some, all.slice(skip))
      }
    }
  })

  it('W3: encodes at append: the record may be changed at once', () => {
    const writer = new RowWriter()
    const bytes = new Uint8Array([1])
    const record = { a: 'before', when: new Date(1), bytes, json: { n: 1 } }
    writer.append(insert(record))
    record.a = 'after'
    record.when.setTime(2)
    record.json.n = 2
    bytes[0] = 2
    expect(records(readAll(batches(writer)))).toStrictEqual([
      { a: 'before', when: new Date(1), bytes: new Uint8Array([1]), json: { n: 1 } },
    ])
  })

  it('takes instances of classes by their own enumerable fields, and toJSON where there is one', () => {
    class Base {
      inherited = 1
      get computed() {
        return 2
      }
    }
    class Trade extends Base {
      id = 'a'
    }
    const shaped = { toJSON: () => ({ id: 'b' }) }
    const shadow = Object.assign(Object.create({ id: 'inherited' }) as object, { inherited: 3 })
    const list = Array.from({ length: 200 }, () => [new Trade(), shaped, shadow, { computed: 5 }])
    const read = back(...list.flat())
    for (let n = 0; n < read.length; n += 4) {
      expect(read.slice(n, n + 4)).toStrictEqual([
        { inherited: 1, id: 'a' },
        { id: 'b' },
        { inherited: 3 },
        { computed: 5 },
      ])
    }
  })

  it('does not run the getters of a prototype', () => {
    let calls = 0
    class Lazy {
      id = 'a'
      get name() {
        calls += 1
        return 'loaded'
      }
    }
    const plain = Array.from({ length: 200 }, (_, n) => ({ id: `${n}`, name: 'there' }))
    const read = back(...plain, ...Array.from({ length: 50 }, () => new Lazy()))
    expect(read.at(-1)).toStrictEqual({ id: 'a' })
    expect(calls).toBe(0)
  })

  it('numbers the updates of runs and parts by their commits', () => {
    const writer = new RowWriter()
    for (let n = 0; n < 7; n++) writer.append(insert({ n }))
    const [rows] = writer.take()
    if (rows === undefined) throw new Error('no rows')
    const tables = [{ table: 'T', updates: 3 }]
    const message = encodeBatch(
      {
        publisher,
        table: 'T',
        first: 10,
        count: 7,
        parcel: 1,
        manifest: [{ table: 'T', last: 16 }],
        commits: [
          { type: 'run', commit: 4, commits: 2, updatesEach: 2 },
          { type: 'part', commit: 9, places: [0, 1, 2], tables },
        ],
        publishedAt: 0,
      },
      rows,
    )
    expect(readAll([message]).map(({ sequence, commit }) => [sequence, commit])).toEqual([
      [10, 4],
      [11, 4],
      [12, 5],
      [13, 5],
      [14, 9],
      [15, 9],
      [16, 9],
    ])
  })

  it('gives all records without absent fields one order of fields', () => {
    const read = back({ a: 1, b: 2 }, { b: 3, a: 4 }, { b: 5 })
    expect(read.map((record) => Object.keys(record))).toEqual([['a', 'b'], ['a', 'b'], ['b']])
  })

  it('W3: keeps __proto__ a field like any other, in every way of decoding', () => {
    const record = JSON.parse('{"__proto__":{"polluted":1},"a":1}') as object
    const sparse = JSON.parse('{"__proto__":"x"}') as object
    const read = back(...Array.from({ length: 300 }, () => [record, sparse]).flat())
    for (const back of read) {
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
      expect(Object.hasOwn(back, '__proto__')).toBe(true)
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('dictionaries', () => {
  const row = (n: number) => insert({ id: `T${n}`, side: n % 2 ? 'BUY' : 'SELL' })

  it('make batches of repeated strings smaller, and are given up when strings stop repeating', () => {
    const writer = new RowWriter()
    const size = (make: (n: number) => RowUpdate) => {
      for (let n = 0; n < 1000; n++) writer.append(make(n))
      const messages = batches(writer)
      expect(records(readAll(messages))).toStrictEqual(
        Array.from({ length: 1000 }, (_, n) => make(n).record),
      )
      return messages.reduce((sum, { frame }) => sum + frame.length, 0)
    }
    const plain = size(row)
    expect(size(row)).toBeLessThan(plain - 3000)
    const unique = (n: number) => insert({ id: `T${n}`, side: `${n} of many that never repeat` })
    size((n) => (n < 500 ? row(n) : unique(n)))
    writer.append(row(1))
    expect(readAll(batches(writer))).toHaveLength(1)
  })

  it('hold nothing of a commit that was taken back', () => {
    const writer = new RowWriter()
    for (let n = 0; n < 1000; n++) writer.append(row(n))
    writer.take()
    writer.append(insert({ id: 'kept', side: 'BUY' }))
    const mark = writer.mark()
    writer.append(insert({ id: 'no', side: 'SECRET' }))
    writer.rollback(mark)
    expect(() => writer.append(insert({ id: 'no', side: 'REFUSED', f: () => 1 }))).toThrow(
      '`record.f`',
    )
    const [message] = batches(writer)
    const text = Buffer.from(message?.frame ?? []).toString('latin1')
    expect(text).toContain('BUY')
    expect(text).not.toMatch(/SECRET|REFUSED/)
  })
})
