import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { back, batches, insert, readAll } from '../../../test/harness/row-journey.ts'
import { wireLimits } from '../limits.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'
import { decodeShape, encodeShape } from './shape.ts'

describe('a value', () => {
  it.each([
    ['a number', [1.5, -0, Number.NaN, Infinity, 2 ** 53]],
    ['a bigint', [0n, 2n ** 63n - 1n, -(2n ** 63n)]],
    ['a string', ['', 'ü', '山', '\ud800', 'x\udc00y']],
    ['a boolean', [true, false]],
    ['a date', [new Date(0), new Date(-1), new Date(Number.NaN)]],
    ['bytes', [new Uint8Array([0, 255]), new Uint8Array()]],
    [
      'JSON',
      [{ a: [1, null, 'x', -0, 0.5, 1e21, 2 ** 53, -(2 ** 60)] }, [], [[1]], { '': '\ud800"\\\n' }],
    ],
    [
      'JSON with whole numbers beyond 2⁵³',
      [{ a: [2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)], b: 9_007_199_254_740_991 }, [2n ** 60n]],
    ],
    ['null', [null]],
    ['any of them', [1, 'x', 2n, true, new Date(5), new Uint8Array([1]), { a: 1 }, null]],
  ])('W3: comes back as it went: %s', (_what, values) => {
    const records = values.map((value) => ({ value }))
    expect(back(...records, ...records)).toStrictEqual([...records, ...records])
  })

  it('W3: of another realm comes back as one of ours', () => {
    const record = runInNewContext(
      `({ at: new Date(5), bytes: new Uint8Array([1, 2]), json: { a: [1, { b: 2 }] }, none: null, empty: {} })`,
    ) as object
    const ours = {
      at: new Date(5),
      bytes: new Uint8Array([1, 2]),
      json: { a: [1, { b: 2 }] },
      none: null,
      empty: {},
    }
    // More of them than are written before an encoder is generated, and beside those of our own.
    const sent = Array.from({ length: 200 }, (_, n) => (n % 3 === 0 ? ours : record))
    expect(back(...sent)).toStrictEqual(sent.map(() => ours))
    expect(
      back({ any: 1 }, { any: { ...record, bytes: undefined } }, { any: new Date(5) }),
    ).toStrictEqual([
      { any: 1 },
      { any: { at: '1970-01-01T00:00:00.005Z', json: ours.json, none: null, empty: {} } },
      { any: new Date(5) },
    ])
  })

  it('W3: that is undefined is absent', () => {
    expect(back({ a: undefined, b: 1 }, { a: 1, b: undefined })).toStrictEqual([{ b: 1 }, { a: 1 }])
  })

  it('W3: travels as JSON.stringify has it where it is nothing else', () => {
    const value = { toJSON: () => ({ shown: 1 }), hidden: 2 }
    expect(back({ value })).toStrictEqual([{ value: { shown: 1 } }])
  })

  it('W3: of bytes shares no memory with what else was delivered', () => {
    // More of them than are read before a reader is generated.
    const sent = Array.from({ length: 300 }, (_, n) => ({ v: new Uint8Array([n, 2]) }))
    const read = back(...sent) as { v: Uint8Array }[]
    expect(new Set(read.map(({ v }) => v.buffer)).size).toBe(300)
    expect(new Set(read.map(({ v }) => v.buffer.byteLength))).toEqual(new Set([2]))
  })
})

describe('a version', () => {
  it('W3: goes with its update', () => {
    const writer = new RowWriter()
    const versions = [1n, undefined, -(2n ** 63n), 2n ** 63n - 1n]
    for (const version of versions) writer.append({ ...insert({ a: 1 }), version })
    expect(readAll(batches(writer)).map(({ version }) => version)).toEqual(versions)
  })
})

describe('a shape', () => {
  it('W3: widens for fields that come and go and change their type, and cuts no batch', () => {
    const writer = new RowWriter()
    const rows = [{ a: 1 }, { b: 'x' }, { a: null, c: true }, { a: 'now a string', b: null }]
    const append = () => {
      for (let n = 0; n < 400; n++) writer.append(insert(rows[n % rows.length] ?? {}))
    }
    append()
    writer.take()
    append()
    const messages = batches(writer)
    expect(messages).toHaveLength(1)
    expect(readAll(messages).map(({ record }) => record)).toStrictEqual(
      Array.from({ length: 400 }, (_, n) => rows[n % rows.length]),
    )
  })

  it('W3: has its reader kept, as one of a bounded number', () => {
    const reader = new RowReader()
    const kept = () => (reader as unknown as { shapes: Map<string, unknown> }).shapes
    for (let n = 0; n < wireLimits.maxCachedShapes + 50; n++) {
      const writer = new RowWriter()
      writer.append(insert({ [`f${n}`]: n }))
      readAll(batches(writer), reader)
    }
    expect(kept().size).toBe(wireLimits.maxCachedShapes)
    const before = [...kept().values()].at(-1)
    const writer = new RowWriter()
    writer.append(insert({ [`f${wireLimits.maxCachedShapes + 49}`]: 1 }))
    readAll(batches(writer), reader)
    expect([...kept().values()].at(-1)).toBe(before)
  })

  it('W3: beyond its bounds is refused', () => {
    const shapeOf = (count: number, name = '') =>
      encodeShape(Array.from({ length: count }, (_, n) => ({ name: `${name}${n}`, type: 'null' })))
    expect(decodeShape(shapeOf(wireLimits.maxFields))).toHaveLength(wireLimits.maxFields)
    expect(decodeShape(shapeOf(wireLimits.maxFields + 1))).toBeNull()
    expect(decodeShape(shapeOf(1, 'x'.repeat(wireLimits.maxFieldNameBytes)))).toBeNull()
    expect(decodeShape(shapeOf(100, 'x'.repeat(1000)))).toBeNull()
  })

  it('W3: names a field once, and only types of this version', () => {
    const twice = encodeShape([
      { name: 'a', type: 'null' },
      { name: 'a', type: 'string' },
    ])
    expect(decodeShape(twice)).toBeNull()
    const reserved = Buffer.from(encodeShape([{ name: 'a', type: 'date' }]))
    reserved[2] = 7
    expect(decodeShape(reserved)).toBeNull()
  })
})
