import { expect, test } from 'vitest'
import { MessageAssembly } from './message-assembly.ts'
import type { RecordKind } from './records.ts'
import { decodeRecords, writeRecord } from './records.ts'

const piece = (kind: RecordKind, text: string, total = 0) => ({
  kind,
  total,
  bytes: Buffer.from(text),
})

function give(...pieces: ReturnType<typeof piece>[]) {
  const assembly = new MessageAssembly(10)
  const messages = pieces.flatMap((each) => assembly.take(each)?.toString() ?? [])
  return { messages, torn: assembly.torn }
}

test('X3: a message is whole with its last piece', () => {
  expect(
    give(piece('whole', 'a'), piece('first', 'bc', 5), piece('next', 'd'), piece('final', 'ef')),
  ).toEqual({ messages: ['a', 'bcdef'], torn: 0 })
})

test.each([
  ['begins anew', [piece('first', 'a', 3), piece('first', 'bc', 3), piece('final', 'd')], ['bcd']],
  ['is followed by another', [piece('first', 'a', 3), piece('whole', 'b')], ['b']],
  ['has too much', [piece('first', 'a', 3), piece('final', 'bcd')], []],
  ['has too little', [piece('first', 'a', 3), piece('final', 'b')], []],
  ['goes on when it is whole', [piece('first', 'a', 2), piece('next', 'b')], []],
  ['is too long', [piece('first', 'a', 11)], []],
  ['is not longer than its beginning', [piece('first', 'ab', 2)], []],
] as const)('X3: a message that %s is dropped and counted', (_, pieces, messages) => {
  expect(give(...pieces)).toEqual({ messages, torn: 1 })
})

test('X3: pieces without a beginning are dropped', () => {
  expect(give(piece('next', 'a'), piece('final', 'b'), piece('whole', 'c'))).toEqual({
    messages: ['c'],
    torn: 0,
  })
})

test('X3: what was begun is torn once', () => {
  const assembly = new MessageAssembly(10)
  assembly.take(piece('first', 'a', 3))
  assembly.tear()
  assembly.tear()
  expect(assembly.take(piece('final', 'bc'))).toBe(null)
  expect(assembly.torn).toBe(1)
})

test('X3: records are read, or none is', () => {
  const bytes = Buffer.alloc(64)
  const end = writeRecord(
    bytes,
    writeRecord(bytes, 0, 'whole', Buffer.from('ab')),
    'first',
    bytes.subarray(0, 3),
    9,
  )
  expect(decodeRecords(bytes.subarray(0, end))).toHaveLength(2)
  expect(decodeRecords(bytes.subarray(0, end - 1))).toBe(null)
  expect(decodeRecords(bytes.subarray(0, 7))).toBe(null)
  expect(decodeRecords(Buffer.of())).toEqual([])
  expect(decodeRecords(Buffer.of(4, 1, 0, 0))).toBe(null)
  expect(decodeRecords(Buffer.of(0, 0, 0))).toBe(null)
})
