import { describe, expect, it, test } from 'vitest'
import type { ChannelMessage } from './channel-message.ts'
import { decodeChannelMessage, encodeChannelMessage } from './channel-message.ts'

const hello: ChannelMessage = {
  type: 'hello',
  isDeaf: true,
  session: '0102030405060708',
  first: 1,
  sent: 2 ** 40 + 1,
  epoch: 3,
  key: Buffer.alloc(32, 7),
  receiveBuffer: 425_984,
  interest: 9,
  knows: 8,
  source: '10.0.0.1',
}
const messages: readonly ChannelMessage[] = [
  hello,
  { ...hello, isDeaf: false, source: '' },
  { type: 'interest', since: 1, version: 2, changes: [] },
  {
    type: 'interest',
    since: 0,
    version: 2,
    changes: [
      { prefix: 'table/A/', isAdded: true },
      { prefix: '\xff\x00', isAdded: false },
    ],
  },
  { type: 'requests', frames: [Buffer.from('one'), Buffer.of()] },
  { type: 'ask', session: '0102030405060708', ranges: [{ from: 2 ** 40, count: 3 }] },
  { type: 'datagrams', frames: [Buffer.alloc(1400, 1)] },
  { type: 'messages', messages: [{ after: 2 ** 35, bytes: Buffer.from('reply') }] },
]

describe.each(messages)('X10: a message of the channel: $type', (message) => {
  const bytes = encodeChannelMessage(message)

  it('is read as it was written', () => {
    expect(decodeChannelMessage(bytes)).toEqual(message)
  })

  it('is refused where something is missing, or too much', () => {
    for (let end = 0; end < bytes.length; end++)
      expect(typeof decodeChannelMessage(bytes.subarray(0, end))).toBe('string')
    expect(decodeChannelMessage(Buffer.concat([bytes, Buffer.of(0)]))).toBe('bad-length')
  })
})

test.each([
  ['bad-magic', 0, 0],
  ['bad-magic', 2, 0x47],
  ['unknown-version', 3, 2],
  ['unknown-kind', 4, 0],
  ['unknown-kind', 4, 7],
  ['unknown-flags', 5, 0x10],
])('X10: what is none is refused: %s', (reason, at, value) => {
  expect(decodeChannelMessage(encodeChannelMessage(hello).fill(value, at, at + 1))).toBe(reason)
})

test('X10: a count is looked at before anything is made of it', () => {
  const [, , , , requests] = messages
  const bytes = encodeChannelMessage(requests as ChannelMessage)
  bytes.writeUInt32LE(0xffffffff, 5)
  expect(decodeChannelMessage(bytes)).toBe('bad-count')
})
