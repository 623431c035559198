import { createSecretKey, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { datagramHeaderBytes, writeDatagramHeader } from './datagram.ts'
import { openDatagram, sealDatagram, sealKeyBytes, sealTagBytes } from './datagram-seal.ts'

const key = createSecretKey(randomBytes(sealKeyBytes))
const session = '0102030405060708'

function datagram(sequence: number, records: string): Buffer {
  const header = Buffer.alloc(datagramHeaderBytes)
  writeDatagramHeader(header, { kind: 'data', epoch: 1, cluster: 7, session, sequence })
  return Buffer.concat([header, Buffer.from(records)])
}

it('X13: what was sealed opens with the same key, and shows nothing of its records but how long they are', () => {
  for (const records of ['', 'table/A/ one']) {
    const open = datagram(2 ** 40, records)
    const sealed = sealDatagram(key, open)
    expect(sealed).toHaveLength(open.length + sealTagBytes)
    expect(sealed.subarray(0, datagramHeaderBytes)).toEqual(open.subarray(0, datagramHeaderBytes))
    expect(openDatagram(key, sealed)?.toString()).toBe(records)
    if (records !== '') expect(sealed.includes('table')).toBe(false)
  }
})

it('X13: with any bit of it changed it does not open, those of the header included', () => {
  const sealed = sealDatagram(key, datagram(5, 'table/A/ one'))
  for (let bit = 0; bit < 8 * sealed.length; bit += 1) {
    const flipped = Buffer.from(sealed)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(openDatagram(key, flipped)).toBeNull()
  }
})

it('X13: nothing shorter or longer opens, nor what another key has sealed', () => {
  const sealed = sealDatagram(key, datagram(5, 'table/A/ one'))
  for (let length = 0; length < sealed.length; length += 1)
    expect(openDatagram(key, sealed.subarray(0, length))).toBeNull()
  expect(openDatagram(key, Buffer.concat([sealed, Buffer.of(0)]))).toBeNull()
  expect(openDatagram(createSecretKey(randomBytes(sealKeyBytes)), sealed)).toBeNull()
  expect(openDatagram(key, datagram(5, 'x'.repeat(sealTagBytes)))).toBeNull()
})

it('X13: the same records under two numbers have nothing in common', () => {
  const [one, two] = [5, 6].map((sequence) =>
    sealDatagram(key, datagram(sequence, 'x'.repeat(64))).subarray(datagramHeaderBytes),
  )
  const same = one?.filter((byte, place) => byte === two?.[place]).length
  expect(same).toBeLessThan(12)
})
