import { describe, expect, it } from 'vitest'
import { decodeForeign } from './foreign.ts'
import { wireLimits } from '../limits.ts'

const topic = (table: string) => Buffer.from(`update/${table}/`)
const read = (json: unknown, table = 'TRADE') =>
  decodeForeign([topic(table), Buffer.from(JSON.stringify(json))])
const insert = { kind: 'insert', record: { id: 1 } }
const refusedAs = (reason: string, table: string | null = 'TRADE') => ({
  kind: 'refused',
  reason,
  table,
})

describe('JSON of a program that is not ours', () => {
  it('W5: is one update of the table of its topic', () => {
    expect(read({ ...insert, version: '42', before: { id: 0 }, more: 1 }, 'a%20b')).toEqual({
      kind: 'foreign',
      table: 'a b',
      updates: [
        { table: 'a b', kind: 'insert', record: { id: 1 }, before: { id: 0 }, version: 42n },
      ],
    })
  })

  it('W5: stands behind its topic, or in a frame of its own', () => {
    const json = Buffer.from('{"kind":"insert","record":{"path":"a/b/c"}}')
    const message = decodeForeign([Buffer.concat([topic('TRADE'), json])])
    expect(message).toMatchObject({ kind: 'foreign', table: 'TRADE' })
    expect(decodeForeign([topic('TRADE'), json])).toEqual(message)
    expect(decodeForeign([topic('TRADE'), json, json])).toEqual(refusedAs('bad-frames'))
    expect(decodeForeign([json, json, json])).toEqual(refusedAs('bad-frames', null))
    const both = Buffer.concat([topic('TRADE'), json])
    expect(decodeForeign([both, json])).toEqual(refusedAs('bad-frames'))
    expect(decodeForeign([])).toEqual(refusedAs('bad-frames', null))
  })

  it.each(['update/', 'update/TRADE', 'update//', 'update/a b/', 'update/%41/', 'table/TRADE/'])(
    'W5: is refused on the topic %s',
    (text) => {
      expect(decodeForeign([Buffer.from(text)])).toEqual(refusedAs('bad-topic', null))
    },
  )

  it('W5: may be an array: one commit', () => {
    const updates = [insert, { kind: 'modify', record: {} }, { kind: 'delete', record: {} }]
    expect(read(updates)).toMatchObject({ kind: 'foreign', updates })
  })

  it('W5: has a version of 64 bits', () => {
    const most = String(2n ** 63n - 1n)
    expect(read({ ...insert, version: most })).toMatchObject({
      updates: [{ version: 2n ** 63n - 1n }],
    })
    for (const version of [String(2n ** 63n), 1e300, 1.5, 'x', true])
      expect(read({ ...insert, version })).toEqual(refusedAs('bad-update'))
  })

  it('W5: has whole numbers of 64 bits as they are', () => {
    const readText = (text: string) =>
      decodeForeign([topic('TRADE'), Buffer.from(`{"kind":"insert","record":${text}}`)])
    expect(
      readText(
        '{"ID":9007199254740993,"LEAST":-9223372036854775808,"LIST":[9007199254740993,1],"P":0.1,"E":1e20,"F":9.007199254740993e15}',
      ),
    ).toMatchObject({
      updates: [
        {
          record: {
            ID: 9007199254740993n,
            LEAST: -(2n ** 63n),
            LIST: [9007199254740993n, 1],
            P: 0.1,
            E: 1e20,
            F: 9007199254740993n,
          },
        },
      ],
    })
    for (const number of [
      '9223372036854775808',
      '12345678901234567890e0',
      '1e400',
      '-1e400',
      `1${'0'.repeat(400)}`,
    ])
      expect(readText(`{"ID":[${number}]}`)).toEqual({
        ...refusedAs('bad-number'),
        path: 'record.ID[0]',
      })
    expect(
      decodeForeign([
        topic('TRADE'),
        Buffer.from('[{"kind":"insert","record":{}},{"record":{"odd name":1e999}}]'),
      ]),
    ).toEqual({ ...refusedAs('bad-number'), path: '[1].record["odd name"]' })
    expect(readText('{"ID":NaN}')).toEqual(refusedAs('bad-json'))
    const version = '{},"version":9223372036854775807'
    expect(readText(version)).toMatchObject({ updates: [{ version: 2n ** 63n - 1n }] })
  })

  it.each([[{}], [[]], [null], [1], [{ kind: 'upsert', record: {} }], [{ kind: 'insert' }]])(
    'W5: is refused as %j',
    (json) => {
      expect(read(json)).toEqual(refusedAs('bad-update'))
      expect(read([insert, json])).toEqual(refusedAs('bad-update'))
    },
  )

  it('W5: is refused where it is empty, no UTF-8 or too large', () => {
    const outcome = (bytes: Buffer) => decodeForeign([topic('TRADE'), bytes])
    expect(outcome(Buffer.alloc(0))).toEqual(refusedAs('too-short'))
    expect(outcome(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual(refusedAs('bad-text'))
    const text = 'x'.repeat(4 * 1024 * 1024)
    expect(
      outcome(Buffer.from(JSON.stringify({ kind: 'insert', record: { text } }))),
    ).toMatchObject({ kind: 'foreign', updates: [{ record: { text } }] })
    expect(outcome(Buffer.alloc(wireLimits.maxForeignBytes + 1, ' '))).toEqual(
      refusedAs('too-large'),
    )
  })

  it('W4: is refused where it nests deeper than 128 levels', () => {
    const nested = (levels: number) =>
      JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown
    const update = (levels: number) => ({ kind: 'insert', record: { deep: nested(levels) } })
    expect(read(update(126))).toMatchObject({ kind: 'foreign' })
    expect(read(update(127))).toEqual(refusedAs('bad-json'))
  })
})
