import { expect, it } from 'vitest'
import { field, tupleBytes } from '../../../test/harness/output-bytes.ts'
import { readOutput } from './pgoutput.ts'
import { nothingConfirmed, readServerMessage, standbyStatus } from './replication-messages.ts'

const { int8, int16, int32, int64, letter, text } = field
const oid = int32(16_384)

const column = (flags: number, name: string, type: number): Buffer =>
  Buffer.concat([int8(flags), text(name), int32(type), int32(-1)])

const relation = Buffer.concat([
  letter('R'),
  oid,
  text('public'),
  text('trade'),
  letter('d'),
  int16(2),
  column(1, 'id', 23),
  column(0, 'note', 25),
])

const messages: Record<string, [Buffer, unknown]> = {
  begin: [
    Buffer.concat([letter('B'), int64(0x16_0000_0001n), int64(0n), int32(-1)]),
    { type: 'begin', commitPosition: 0x16_0000_0001n, transaction: 2 ** 32 - 1 },
  ],
  commit: [
    Buffer.concat([letter('C'), int8(0), int64(5n), int64(9n), int64(0n)]),
    { type: 'commit', commitPosition: 5n, endPosition: 9n },
  ],
  relation: [
    relation,
    {
      type: 'relation',
      oid: 16_384,
      schema: 'public',
      name: 'trade',
      identity: 'd',
      columns: [
        { name: 'id', typeOid: 23, isKey: true },
        { name: 'note', typeOid: 25, isKey: false },
      ],
    },
  ],
  insert: [
    Buffer.concat([letter('I'), oid, letter('N'), tupleBytes(['1', 'ä'])]),
    { type: 'insert', oid: 16_384, row: ['1', 'ä'] },
  ],
  'update without what was before': [
    Buffer.concat([letter('U'), oid, letter('N'), tupleBytes(['1', undefined])]),
    { type: 'update', oid: 16_384, row: ['1', undefined] },
  ],
  'update of the key': [
    Buffer.concat([
      letter('U'),
      oid,
      letter('K'),
      tupleBytes(['1', null]),
      letter('N'),
      tupleBytes(['2', '']),
    ]),
    { type: 'update', oid: 16_384, oldKey: ['1', null], row: ['2', ''] },
  ],
  'update with the whole row before': [
    Buffer.concat([
      letter('U'),
      oid,
      letter('O'),
      tupleBytes(['1', 'a']),
      letter('N'),
      tupleBytes(['1', 'b']),
    ]),
    { type: 'update', oid: 16_384, old: ['1', 'a'], row: ['1', 'b'] },
  ],
  delete: [
    Buffer.concat([letter('D'), oid, letter('K'), tupleBytes(['1', null])]),
    { type: 'delete', oid: 16_384, oldKey: ['1', null] },
  ],
  truncate: [
    Buffer.concat([letter('T'), int32(2), int8(1), oid, int32(7)]),
    { type: 'truncate', oids: [16_384, 7] },
  ],
  'a type': [Buffer.concat([letter('Y'), oid, text('public'), text('mood')]), { type: 'other' }],
}

it.each(Object.entries(messages))('reads %s', (_, [bytes, message]) => {
  expect(readOutput(bytes)).toEqual(message)
})

it.each(Object.entries(messages).filter(([name]) => name !== 'a type'))(
  'of %s that is cut, or longer, it says so, and nothing else happens',
  (_, [bytes]) => {
    const failure = expect.objectContaining({ code: 'DATABASE_FAILED' })
    for (let length = 0; length < bytes.length; length++)
      expect(() => readOutput(bytes.subarray(0, length))).toThrow(failure)
    expect(() => readOutput(Buffer.concat([bytes, int8(0)]))).toThrow(failure)
  },
)

it('what is no message of pgoutput is named', () => {
  expect(() => readOutput(Buffer.from('Z'))).toThrow('a message "Z" of pgoutput')
  const noRow = Buffer.concat([letter('I'), oid, letter('X')])
  expect(() => readOutput(noRow)).toThrow('the replication stream cannot be read: a row "X", not N')
  const noValue = Buffer.concat([letter('I'), oid, letter('N'), int16(1), letter('b')])
  expect(() => readOutput(noValue)).toThrow('a value "b"')
})

it('reads what the server says around them', () => {
  const payload = Buffer.from('payload')
  const data = Buffer.concat([letter('w'), int64(1n), int64(2n), int64(3n), payload])
  expect(readServerMessage(data)).toEqual({ type: 'data', payload })
  const keepalive = Buffer.concat([letter('k'), int64(9n), int64(3n), int8(1)])
  expect(readServerMessage(keepalive)).toEqual({
    type: 'keepalive',
    position: 9n,
    wantsAnswer: true,
  })
  for (const bytes of [Buffer.alloc(0), data.subarray(0, 24), keepalive.subarray(1)])
    expect(() => readServerMessage(bytes)).toThrow('in the stream')
})

it('says what has come, and what is confirmed, with the time since 2000', () => {
  const bytes = standbyStatus(20n, 10n, 946_684_800_001, true)
  const wanted = [letter('r'), int64(20n), int64(10n), int64(10n), int64(1000n), int8(1)]
  expect(bytes).toEqual(Buffer.concat(wanted))
  expect(standbyStatus(20n, nothingConfirmed, 946_684_800_000, false).readBigUInt64BE(9)).toBe(0n)
})
