import { describe, expect, it } from 'vitest'
import { ConflationKeys, KeyReader } from './conflation-key.ts'
import { checkTableFields } from './table-fields.ts'

const textOf = (record: object, ...fields: string[]): string => {
  const key = new KeyReader(fields).read(record)
  if ('missing' in key) throw new Error(`${key.missing} is missing`)
  return key.text
}

describe('KeyReader', () => {
  const texts = [
    '',
    '1',
    'a',
    's1',
    'n1',
    'true',
    'null',
    'b1',
    '2000-01-01T00:00:00.000Z',
    '\u{1F600}',
  ]
  const numbers = [0, 1, -1, 1.5, 946_684_800_000, Number.NaN, Infinity]
  const bytes = [Uint8Array.of(), Uint8Array.of(49), Uint8Array.of(0xff, 0)]
  const others = ['\uD800', true, false, null, new Date(946_684_800_000), new Date(Number.NaN)]
  const objects = [{ a: 1 }, ['1'], [], [2 ** 53], [2n ** 53n], [2n ** 53n + 1n], [`i${2n ** 53n}`]]
  const values = [
    ...texts,
    ...numbers,
    0n,
    1n,
    -1n,
    946_684_800_000n,
    ...bytes,
    ...others,
    ...objects,
  ]

  it('keeps keys of different values and types apart', () => {
    const keys = values.map((value) => textOf({ value }, 'value'))
    expect(new Set(keys).size).toBe(values.length)
  })

  it('keeps composite keys apart, whatever lies on which side of a border', () => {
    const parts = [...values, 'b c', 'a b', 'c', '1:', ':1', '2:s', 's1:s', 1, '11', '1']
    const distinct = new Map(parts.map((part) => [textOf({ part }, 'part'), part]))
    const keys = new Set<string>()
    for (const a of distinct.values())
      for (const b of distinct.values()) keys.add(textOf({ a, b }, 'a', 'b'))
    expect(keys.size).toBe(distinct.size ** 2)
    expect(textOf({ a: 'a', b: 'b c' }, 'a', 'b')).not.toBe(textOf({ a: 'a b', b: 'c' }, 'a', 'b'))
    expect(textOf({ a: 's1:', b: '' }, 'a', 'b')).not.toBe(textOf({ a: '', b: 's1:' }, 'a', 'b'))
  })

  it('gives equal values one key', () => {
    const of = (value: unknown) => textOf({ value }, 'value')
    expect(of(-0)).toBe(of(0))
    expect(of(Number.NaN)).toBe(of(0 / 0))
    expect(of(new Date(5))).toBe(of(new Date(5)))
    expect(of(Uint8Array.of(1, 2))).toBe(of(Buffer.from([1, 2])))
  })

  it('names the field that a record lacks; what every object inherits is none', () => {
    const read = (record: object, ...fields: string[]) => new KeyReader(fields).read(record)
    expect(read({ a: 1 }, 'a', 'b')).toEqual({ missing: 'b' })
    expect(read({ a: undefined }, 'a')).toEqual({ missing: 'a' })
    expect(read({}, 'constructor')).toEqual({ missing: 'constructor' })
    expect(read({ a: null }, 'a')).toEqual({ text: expect.any(String) as string })
  })

  it('knows a change of the key by what before says of it', () => {
    const reader = new KeyReader(['a', 'b'])
    expect(reader.hasMoved({ a: 1, b: 2 }, { a: 1, b: 2 })).toBe(false)
    expect(reader.hasMoved({ c: 1 }, { a: 1, b: 2, c: 2 })).toBe(false)
    expect(reader.hasMoved({ b: 1 }, { a: 1, b: 2 })).toBe(true)
    expect(reader.hasMoved({ a: '1' }, { a: 1, b: 2 })).toBe(true)
    expect(reader.readBefore({ b: 1 }, { a: 1, b: 2 })).toEqual(reader.read({ a: 1, b: 1 }))
  })
})

describe('ConflationKeys', () => {
  it('has one key for all tables, or each its own, or none', () => {
    expect(new ConflationKeys('ID').of('ANY')?.read({ ID: 1 })).toEqual({ text: 'n1' })
    const keys = new ConflationKeys({ TRADE: 'ID', POSITION: ['ACCOUNT', 'CODE'], NONE: undefined })
    expect(keys.of('TRADE')?.read({ ID: 'x' })).toEqual({ text: 'sx' })
    expect(keys.of('POSITION')?.read({ ACCOUNT: 'x' })).toEqual({ missing: 'CODE' })
    expect([keys.of('NONE'), keys.of('OTHER'), keys.of('constructor')]).toEqual([null, null, null])
  })

  it.each([
    ['a key without fields', []],
    ['an empty name', ''],
    ['an empty name in a list', ['A', '']],
    ['a field twice', ['A', 'A']],
    ['a number', 5],
    ['null', null],
    ['a number as a field', [5]],
    ['a table without fields', { TRADE: [] }],
    ['an object as fields', { TRADE: { A: 1 } }],
    ['a table that is not subscribed', { TRADES: 'ID' }],
  ])('refuses %s', (_, key) => {
    expect(() => checkTableFields('key', key, ['TRADE'])).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    )
  })

  it('lets any table pass where all are subscribed', () => {
    expect(() => checkTableFields('key', { TRADES: 'ID', POSITION: ['A', 'B'] }, '*')).not.toThrow()
    expect(() => checkTableFields('key', ['A', 'B'], ['TRADE'])).not.toThrow()
  })
})
