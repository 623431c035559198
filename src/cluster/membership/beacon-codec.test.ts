import { expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { beaconBytes, decodeBeacon, encodeBeacon } from './beacon-codec.ts'

const uuid = '00112233445566778899aabbccddeeff'

it('is 22 octets as RFC 36 has them, and comes back', () => {
  for (const port of [0, 6000, 65_535]) {
    const bytes = encodeBeacon({ uuid, port })
    expect(bytes.toString('hex')).toBe(`5a524501${uuid}${port.toString(16).padStart(4, '0')}`)
    expect(decodeBeacon(bytes)).toEqual({ uuid, port })
  }
})

it('of other bytes there is none', () => {
  const good = encodeBeacon({ uuid, port: 6000 })
  const random = seededRandom(1)
  for (let at = 0; at < 4; at += 1) {
    const bad = Buffer.from(good)
    bad[at] = (bad[at] ?? 0) ^ 1
    expect(decodeBeacon(bad)).toBeNull()
  }
  expect(decodeBeacon(good.subarray(1))).toBeNull()
  expect(decodeBeacon(Buffer.concat([good, Buffer.of(0)]))).toBeNull()
  for (let round = 0; round < 1_000; round += 1) {
    const any = Buffer.from(Array.from({ length: beaconBytes }, () => Math.floor(random() * 256)))
    expect(decodeBeacon(any)).toBeNull()
  }
})
