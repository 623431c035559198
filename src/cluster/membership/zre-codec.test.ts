import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { ZreMessage } from './zre-codec.ts'
import { decodeZre, encodeZre, maxZreFrameBytes, zreIdentity, zreUuid } from './zre-codec.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Written down octet by octet from the grammar of RFC 36. */
const vectors: readonly [ZreMessage, string][] = [
  [
    {
      type: 'hello',
      sequence: 1,
      endpoint: 'tcp://10.0.0.1:6000',
      groups: ['G1', 'G2'],
      status: 3,
      name: 'node-a',
      headers: new Map([['X-K', 'value']]),
    },
    [
      'aaa1 01 02 0001',
      `13 ${hex(Buffer.from('tcp://10.0.0.1:6000'))}`,
      `00000002 00000002 ${hex(Buffer.from('G1'))} 00000002 ${hex(Buffer.from('G2'))}`,
      `03 06 ${hex(Buffer.from('node-a'))}`,
      `00000001 03 ${hex(Buffer.from('X-K'))} 00000005 ${hex(Buffer.from('value'))}`,
    ].join(''),
  ],
  [{ type: 'whisper', sequence: 0x1234 }, 'aaa1 02 02 1234'],
  [{ type: 'shout', sequence: 2, group: 'G' }, 'aaa1 03 02 0002 01 47'],
  [{ type: 'join', sequence: 3, group: 'G', status: 9 }, 'aaa1 04 02 0003 01 47 09'],
  [{ type: 'leave', sequence: 4, group: 'G', status: 10 }, 'aaa1 05 02 0004 01 47 0a'],
  [{ type: 'ping', sequence: 0xffff }, 'aaa1 06 02 ffff'],
  [{ type: 'ping-ok', sequence: 0 }, 'aaa1 07 02 0000'],
]

test.each(vectors)('$type stands as RFC 36 has it', (message, octets) => {
  const bytes = octets.replaceAll(' ', '')
  expect(hex(encodeZre(message))).toBe(bytes)
  expect(decodeZre(Buffer.from(bytes, 'hex'))).toEqual(message)
})

test('sequences are cyclic', () => {
  expect(decodeZre(encodeZre({ type: 'ping', sequence: 65_537 }))).toEqual({
    type: 'ping',
    sequence: 1,
  })
})

test('what is cut short, too long or of another version is no message', () => {
  for (const [message] of vectors) {
    const bytes = encodeZre(message)
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeZre(bytes.subarray(0, length))).toBeNull()
    }
    expect(decodeZre(Buffer.concat([bytes, Buffer.of(0)]))).toBeNull()
    const other = Buffer.from(bytes)
    other[3] = 3
    expect(decodeZre(other)).toBeNull()
  }
  expect(decodeZre(Buffer.alloc(maxZreFrameBytes + 1))).toBeNull()
})

test('a count beyond the octets at hand is refused before anything is made', () => {
  const [hello] = vectors[0]!
  const bytes = Buffer.from(encodeZre(hello))
  const groups = 6 + 1 + 'tcp://10.0.0.1:6000'.length
  bytes.writeUInt32BE(0xffffffff, groups)
  expect(decodeZre(bytes)).toBeNull()
})

test('50,000 damaged or random frames give a message or null', () => {
  const random = seededRandom(1)
  const octet = () => Math.floor(random() * 256)
  const frames = vectors.map(([message]) => Buffer.from(encodeZre(message)))
  let read = 0
  for (let n = 0; n < 50_000; n += 1) {
    const frame = Buffer.from(frames[Math.floor(random() * frames.length)]!)
    for (let flips = 0; flips < 3; flips += 1) frame[Math.floor(random() * frame.length)] = octet()
    const message = decodeZre(random() < 0.8 ? frame : Buffer.from(Array.from(frame, octet)))
    if (message === null) continue
    read += 1
    // What was read can be said, and is read the same way again.
    expect(decodeZre(encodeZre(message))).toEqual(message)
  }
  expect(read).toBeGreaterThan(100)
})

test('a routing id is 1 and 16 octets', () => {
  const uuid = '00ff'.repeat(8)
  expect(hex(zreIdentity(uuid))).toBe(`01${uuid}`)
  expect(zreUuid(zreIdentity(uuid))).toBe(uuid)
  expect(zreUuid(Buffer.alloc(17))).toBeNull()
  expect(zreUuid(Buffer.alloc(5, 1))).toBeNull()
})
