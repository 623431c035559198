import { describe, expect, it } from 'vitest'
import { updateTopic } from '../model/topic.ts'
import { decodeMessage } from './message-codec.ts'

const read = (json: unknown, table = 'TRADE') =>
  decodeMessage([Buffer.from(updateTopic(table)), Buffer.from(JSON.stringify(json))])
const insert = { kind: 'insert', record: { id: 1 } }

describe('JSON of a program that is not ours', () => {
  it('W5: is one update of the table of its topic, without numbers', () => {
    expect(read({ ...insert, version: '42', before: { id: 0 }, more: 1 }, 'a b')).toEqual({
      kind: 'foreign',
      table: 'a b',
      updates: [
        {
          table: 'a b',
          kind: 'insert',
          record: { id: 1 },
          before: { id: 0 },
          version: 42n,
          publisher: null,
          sequence: null,
          commit: null,
          publishedAt: 0,
        },
      ],
    })
  })

  it('W5: may be an array: one commit', () => {
    const updates = [insert, { kind: 'modify', record: {} }, { kind: 'delete', record: {} }]
    expect(read(updates)).toMatchObject({ kind: 'foreign', updates })
  })

  it('W5: has a version of 64 bits', () => {
    const most = String(2n ** 63n - 1n)
    expect(read({ ...insert, version: most })).toMatchObject({
      updates: [{ version: 2n ** 63n - 1n }],
    })
    for (const version of [String(2n ** 63n), 2 ** 53, 1.5, 'x', true])
      expect(read({ ...insert, version })).toEqual({ kind: 'refused', reason: 'bad-update' })
  })

  it.each([[{}], [[]], [null], [1], [{ kind: 'upsert', record: {} }], [{ kind: 'insert' }]])(
    'W5: is refused as %j',
    (json) => {
      expect(read(json)).toEqual({ kind: 'refused', reason: 'bad-update' })
      expect(read([insert, json])).toEqual({ kind: 'refused', reason: 'bad-update' })
    },
  )

  it('W4: is refused where it nests deeper than 128 levels', () => {
    const nested = (levels: number) =>
      JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown
    const update = (levels: number) => ({ kind: 'insert', record: { deep: nested(levels) } })
    expect(read(update(126))).toMatchObject({ kind: 'foreign' })
    expect(read(update(127))).toEqual({ kind: 'refused', reason: 'bad-json' })
  })
})
