import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { TidingsError } from '../../base/tidings-error.ts'
import { back, batches, insert, readAll, records } from '../../../test/harness/row-journey.ts'
import { wireLimits } from '../limits.ts'
import { RowWriter } from './row-writer.ts'
import type { RowUpdate } from './row-update.ts'

/** Of which JSON makes {}. */
class Secretive {
  readonly #amount = 5
  get amount(): number {
    return this.#amount
  }
}

/** Written out, the linter takes a member of this name for a mistake. */
const then = 'then' as string

/** What a query builder gives before it is awaited: no Promise, and with fields of its own. */
class Query {
  [then](resolve: (rows: unknown[]) => void): void {
    resolve([])
  }
  readonly sql = 'select 1'
}

/** As Bluebird's: its `toJSON` shows a state, not the value. */
class Pending extends Query {
  toJSON(): object {
    return { isFulfilled: false }
  }
}

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
  const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as object
  const deep = nested(200)
  const throwing = () => {
    throw new TypeError('mine')
  }
  const { proxy: revoked, revoke } = Proxy.revocable({}, {})
  revoke()

  it.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint above 64 bits', 2n ** 63n],
    ['a bigint below 64 bits', -(2n ** 63n) - 1n],
    ['a cycle', cycle],
    ['a function inside JSON', { f: () => 1 }],
    ['a bigint inside JSON', [1n]],
    ['JSON that nests too deep', deep],
    ['JSON that nests as deep as the stack', nested(5000)],
    ['a Promise', Promise.resolve(1)],
    ['a Promise of another realm', runInNewContext('Promise.resolve(1)')],
    ['what can be awaited', new Query()],
    ['what can be awaited inside JSON', { list: [new Query()] }],
    ['what can be awaited and has toJSON', new Pending()],
    ['a plain object that can be awaited', { sql: '', [then]: () => 1 }],
    ['a Map', new Map([[1, 2]])],
    ['a Map of another realm', runInNewContext('new Map([[1, 2]])')],
    ['a Set inside JSON', [new Set([1])]],
    ['an Error', Object.assign(new Error('x'), { code: 1 })],
    ['an Error of another realm', runInNewContext("new Error('x')")],
    ['a RegExp', /a/],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['a Float32Array', new Float32Array([1.5])],
    ['a Uint8ClampedArray', new Uint8ClampedArray([1])],
    ['bytes inside JSON', { raw: new Uint8Array(2) }],
    ['a Buffer inside JSON', [Buffer.from('x')]],
    ['a boxed number', Object(1)],
    ['a boxed string', Object('x')],
    ['a WeakMap', new WeakMap()],
    ['a WeakRef', new WeakRef({})],
    ['an iterator', [1].values()],
    ['a generator', (function* () {})()],
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['an object with private fields alone', new Secretive()],
    ['a Proxy of a Date', new Proxy(new Date(0), {})],
    ['a Proxy of a Map', new Proxy(new Map(), {})],
    ['a Proxy of bytes', new Proxy(new Uint8Array(1), {})],
    ['a Proxy of a Promise inside JSON', [new Proxy(Promise.resolve(1), {})]],
    ['a Proxy that throws', new Proxy({ a: 1 }, { ownKeys: throwing })],
    ['a revoked Proxy', revoked],
    ['what toJSON throws', { toJSON: throwing }],
    ['NaN inside JSON', { a: NaN }],
    ['Infinity inside JSON', [-Infinity]],
    ['undefined in a list', [1, undefined]],
    ['an invalid Date inside JSON', [new Date(NaN)]],
    ['a bigint above 64 bits inside JSON', [2n ** 63n]],
  ])('W3: refuses %s by the name of its field, and nothing of it stays', (_what, value) => {
    const writer = new RowWriter()
    const good = { other: 'x', BAD_FIELD: null }
    const check = () => {
      const code = codeOf(() => writer.append(insert({ other: 'lost', BAD_FIELD: value })))
      expect(code).toMatch(/^VALUE_UNSUPPORTED: `record\.BAD_FIELD/)
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

  it('W3: refuses a cycle by the path to where it closes', () => {
    const writer = new RowWriter()
    expect(codeOf(() => writer.append(insert({ A: [{ B: cycle }] })))).toMatch(
      /^VALUE_UNSUPPORTED: `record\.A\[0\]\.B\.self` is a cycle/,
    )
  })

  it('refuses records whose fields do not hold what they are', () => {
    const writer = new RowWriter()
    for (let n = 0; n < 100; n++) writer.append(insert({ a: 1 }))
    const records = [Promise.resolve({ a: 1 }), new Date(0), new Map([['a', 1]]), new Secretive()]
    for (const record of [...records, Object(1), new Proxy(new Map(), {}), revoked]) {
      const updates = [insert(record as object), { ...insert({ a: 1 }), before: record as object }]
      for (const update of updates)
        expect(codeOf(() => writer.append(update))).toMatch(/^VALUE_UNSUPPORTED: `(record|before)`/)
    }
    expect(codeOf(() => writer.append(insert(Promise.resolve())))).toContain('await')
    expect(writer.updates).toBe(100)
  })

  it.each([
    ['a Promise', Promise.resolve(1), 'a Promise: is an await missing?'],
    ['a query', new Query(), 'a Query with a method then: is an await missing?'],
    ['what has toJSON', new Pending(), 'a Pending with a method then: is an await missing?'],
    ['a plain object', { [then]: () => 1 }, 'a function, which'],
  ])('asks for a forgotten await of %s, as a record and as a field', (_what, value, said) => {
    const writer = new RowWriter()
    for (let n = 0; n < 100; n++) writer.append(insert({ a: 1, j: {} }))
    const told = (update: RowUpdate) => codeOf(() => writer.append(update))
    for (const text of [
      told(insert(value)),
      told({ ...insert({ a: 1, j: {} }), before: value }),
      told(insert({ a: 1, j: value })),
      told(insert({ a: 1, j: [{ deep: value }] })),
    ]) {
      expect(text).toMatch(/^VALUE_UNSUPPORTED/)
      expect(text).toContain(said)
      expect(text).toContain('is an await missing?')
    }
    expect(writer.updates).toBe(100)
  })

  it('takes what has a field named then', () => {
    class Step {
      [then] = 'wait'
    }
    const rows = [{ [then]: 'a' }, { when: 1, [then]: { [then]: [2] } }, { j: [new Step()] }]
    expect(back(...rows, new Step())).toStrictEqual([
      ...rows.slice(0, 2),
      { j: [{ [then]: 'wait' }] },
      { [then]: 'wait' },
    ])
  })

  it('takes records of classes and behind a Proxy', () => {
    class Row {
      a = 1
      get twice() {
        return this.a * 2
      }
    }
    const sent = [new Row(), new Proxy({ a: 1 }, {}), new Proxy(new Row(), {}), Object.create(null)]
    expect(back(...sent, { j: new Proxy([{ a: 1 }], {}) })).toStrictEqual([
      { a: 1 },
      { a: 1 },
      { a: 1 },
      {},
      { j: [{ a: 1 }] },
    ])
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

  it('W3: tells what a getter throws by the name of its field, and nothing of the update stays', () => {
    const writer = new RowWriter()
    const record = {
      a: 1,
      get b(): number {
        throw new RangeError('mine')
      },
    }
    for (let n = 0; n < 100; n++) writer.append(insert({ a: 1, b: 2 }))
    expect(codeOf(() => writer.append(insert(record)))).toMatch(
      /^VALUE_UNSUPPORTED: `record\.b` cannot be read: mine/,
    )
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
