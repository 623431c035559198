import { describe, expect, it } from 'vitest'
import type { TidingsError } from '../base/tidings-error.ts'
import { back, batches, insert, readAll, records } from '../../test/harness/row-journey.ts'
import { wireLimits } from './limits.ts'
import { RowWriter } from './row-writer.ts'
import type { RowUpdate } from './row-writer.ts'

describe('limits and refusals', () => {
  const codeOf = (work: () => void): string => {
    try {
      work()
    } catch (reason) {
      return `${(reason as TidingsError).code}: ${(reason as TidingsError).message}`
    }
    return 'none'
  }
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  const deep = JSON.parse('['.repeat(200) + ']'.repeat(200)) as object

  it.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint above 64 bits', 2n ** 63n],
    ['a bigint below 64 bits', -(2n ** 63n) - 1n],
    ['a cycle', cycle],
    ['a function inside JSON', { f: () => 1 }],
    ['a bigint inside JSON', [1n]],
    ['JSON that nests too deep', deep],
  ])('W3: refuses %s by the name of its field, and nothing of it stays', (_what, value) => {
    const writer = new RowWriter()
    const good = { other: 'x', BAD_FIELD: null }
    const check = () => {
      const code = codeOf(() => writer.append(insert({ other: 'lost', BAD_FIELD: value })))
      expect(code).toMatch(/^VALUE_UNSUPPORTED: .*'BAD_FIELD'/)
      const before = { kind: 'modify', record: good, before: { BAD_FIELD: value } } as const
      expect(codeOf(() => writer.append(before))).toMatch(/^VALUE_UNSUPPORTED/)
    }
    check()
    for (let n = 0; n < 100; n++) writer.append(insert(good))
    check()
    for (const BAD_FIELD of [1, 'mixed']) writer.append(insert({ ...good, BAD_FIELD }))
    check()
    expect(records(readAll(batches(writer)))).toHaveLength(102)
  })

  it('refuses what is no update at all', () => {
    const writer = new RowWriter()
    const append = (update: unknown) => codeOf(() => writer.append(update as RowUpdate))
    expect(append({ kind: 'upsert', record: {} })).toMatch(/^USAGE/)
    for (const record of [null, undefined, 5, 'x', []]) {
      expect(append({ kind: 'insert', record })).toMatch(/^VALUE_UNSUPPORTED/)
    }
    expect(append({ kind: 'insert', record: {}, version: 2n ** 63n })).toMatch(/^VALUE_UNSUPPORTED/)
    expect(writer.updates).toBe(0)
  })

  it('passes on what a getter throws, and nothing of the update stays', () => {
    const writer = new RowWriter()
    const record = {
      a: 1,
      get b(): number {
        throw new RangeError('mine')
      },
    }
    for (let n = 0; n < 100; n++) writer.append(insert({ a: 1, b: 2 }))
    expect(() => writer.append(insert(record))).toThrow(RangeError)
    expect(records(readAll(batches(writer)))).toHaveLength(100)
  })

  it.each([
    ['narrow', 'x', 4_400_000],
    ['wide', '山', 2_200_000],
  ])('takes a large %s update alone, and refuses one beyond the limit', (_w, letter, tooMany) => {
    const writer = new RowWriter()
    writer.append(insert({ text: 'small' }))
    const text = letter.repeat(tooMany - 200_000)
    writer.append(insert({ text }))
    expect(codeOf(() => writer.append(insert({ text: letter.repeat(tooMany + 200_000) })))).toMatch(
      /^LIMIT_EXCEEDED/,
    )
    writer.append(insert({ text: 'small again' }))
    expect(records(readAll(batches(writer)))).toStrictEqual(
      ['small', text, 'small again'].map((text) => ({ text })),
    )
  })

  it('keeps a frame within its limit when many short texts turn out wide', () => {
    const writer = new RowWriter()
    const row = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`f${n}`, '山']))
    for (let n = 0; n < 1500; n++) writer.append(insert(row))
    expect(readAll(batches(writer))).toHaveLength(1500)
  })

  it('closes a batch at its bytes, close to the estimate', () => {
    const writer = new RowWriter({ batchBytes: 10_000 })
    for (let n = 0; n < 1000; n++)
      writer.append(insert({ id: `T${n}`, text: `${n}`.padEnd(90, 'x') }))
    const estimate = writer.bytes
    const messages = batches(writer)
    const bytes = messages.reduce((sum, { payload }) => sum + payload.length, 0)
    expect(messages.length).toBeGreaterThan(8)
    for (const { payload } of messages) expect(payload.length).toBeLessThan(10_500)
    expect(Math.abs(bytes - estimate) / bytes).toBeLessThan(0.02)
    expect([writer.bytes, writer.updates]).toEqual([0, 0])
  })

  it.each([
    ['too many fields', Array.from({ length: wireLimits.maxFields + 1 }, (_, n) => `f${n}`)],
    ['a field name that is too long', ['n'.repeat(wireLimits.maxFieldNameBytes + 1)]],
    ['names that are too long together', Array.from({ length: 80 }, (_, n) => `${n}`.repeat(500))],
    ['a field name that is not Unicode', ['\ud800']],
  ])('carries a record with %s as a whole, values unchanged', (_what, names) => {
    const values = [1n, 'ü山', new Date(5), new Uint8Array([9]), -0, null, { a: [1] }, true]
    const record = Object.fromEntries(names.map((name, n) => [name, values[n % values.length]]))
    expect(back({ a: 1 }, record, { a: 'x' })).toStrictEqual([{ a: 1 }, record, { a: 'x' }])
  })

  it('carries texts too long for 16 bits', () => {
    const list = [65_534, 65_535, 65_536].flatMap((length) => [
      { s: 'é'.repeat(length), b: new Uint8Array(length).fill(200) },
      { s: '山'.repeat(length), b: new Uint8Array(0) },
    ])
    const long = Array.from({ length: 15 }, () => list).flat()
    expect(back(...long)).toStrictEqual(long)
  })
})
