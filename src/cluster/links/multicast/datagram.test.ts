import { expect, test } from 'vitest'
import { datagramHeaderBytes, decodeDatagram, writeDatagramHeader } from './datagram.ts'

const header = {
  kind: 'data',
  epoch: 0,
  cluster: 0x04030201,
  session: '0102030405060708',
  sequence: 2 ** 33 + 5,
} as const

function datagram(more: Partial<Parameters<typeof writeDatagramHeader>[1]> = {}): Buffer {
  const bytes = Buffer.alloc(datagramHeaderBytes + 2, 0xee)
  writeDatagramHeader(bytes, { ...header, ...more })
  return bytes
}

test('X1: a header is 28 bytes', () => {
  expect(datagram().toString('hex')).toBe(
    '89544701010000000102030401020304050607080500000002000000eeee',
  )
})

test.each([{}, { kind: 'probe' }, { epoch: 7 }, { sequence: 1 }] as const)(
  'X1: what is written is read: %o',
  (more) => {
    const read = decodeDatagram(datagram(more))
    expect(read).toEqual({ ...header, ...more, records: Buffer.from('eeee', 'hex') })
  },
)

test.each([
  ['too-short', (bytes: Buffer) => bytes.subarray(0, 27)],
  ['bad-magic', (bytes: Buffer) => bytes.fill(0, 0, 1)],
  ['bad-magic', (bytes: Buffer) => bytes.fill(0x44, 2, 3)],
  ['unknown-version', (bytes: Buffer) => bytes.fill(2, 3, 4)],
  ['unknown-kind', (bytes: Buffer) => bytes.fill(0, 4, 5)],
  ['unknown-kind', (bytes: Buffer) => bytes.fill(3, 4, 5)],
  ['unknown-flags', (bytes: Buffer) => bytes.fill(0x10, 5, 6)],
  ['bad-number', (bytes: Buffer) => bytes.fill(1, 5, 6)],
  ['bad-number', (bytes: Buffer) => bytes.fill(1, 6, 7)],
] as const)('X1: what is none is refused: %s', (reason, damage) => {
  expect(decodeDatagram(damage(datagram()))).toBe(reason)
})

test.each([0, 0xff])('X1: numbers begin at 1 and end before 2^53: eight bytes of %i', (byte) => {
  expect(decodeDatagram(datagram().fill(byte, 20, 28))).toBe('bad-number')
})

test('X1: flags that a reader need not know are ignored', () => {
  expect(decodeDatagram(datagram().fill(0x0e, 5, 6))).toMatchObject({ epoch: 0 })
})
