import { createSecretKey } from 'node:crypto'
import { expect, it } from 'vitest'
import { datagramHeaderBytes, writeDatagramHeader } from './datagram.ts'
import { openDatagram, sealKeyBytes } from './datagram-seal.ts'
import { OpeningKeys } from './opening-keys.ts'
import { SealingKeys, type ToldKey } from './sealing-keys.ts'

const limits = {
  epochMs: 100_000,
  epochDatagrams: 1_000,
  epochToldMs: 1_000,
  epochKeptMs: 10_000,
  keptMs: 5_000,
}

function stage() {
  let drawn = 0
  const sealing = new SealingKeys(() => Buffer.alloc(sealKeyBytes, ++drawn), limits, 0)
  const epochs = () => sealing.told.map(({ epoch }) => epoch)
  return { sealing, epochs }
}

function datagram(epoch: number): Buffer {
  const header = Buffer.alloc(datagramHeaderBytes)
  const session = '0102030405060708'
  writeDatagramHeader(header, { kind: 'data', epoch, cluster: 7, session, sequence: 1 })
  return header
}

it('X14: a new key is told before it is used, and the last one as long as it may be needed', () => {
  const { sealing, epochs } = stage()
  expect(sealing.tick(0, 99_999)).toBe(false)
  expect(epochs()).toEqual([1])
  expect(sealing.tick(10, 100_000)).toBe(true)
  expect(epochs()).toEqual([1, 2])
  expect(sealing.tick(10, 100_999)).toBe(false)
  expect(sealing.epoch).toBe(1)
  sealing.tick(20, 101_000)
  expect(sealing.epoch).toBe(2)
  expect(epochs()).toEqual([1, 2])
  sealing.tick(20, 105_999)
  expect(epochs()).toEqual([1, 2])
  sealing.tick(20, 106_000)
  expect(epochs()).toEqual([2])
  const [first, second] = [stage().sealing.told[0], sealing.told[0]]
  expect(first?.key.equals(second?.key ?? Buffer.alloc(0))).toBe(false)
})

it('X14: after so many datagrams a key is used no more, too', () => {
  const { sealing } = stage()
  expect(sealing.tick(999, 1)).toBe(false)
  expect(sealing.tick(1_000, 2)).toBe(true)
  sealing.tick(1_100, 1_002)
  expect(sealing.epoch).toBe(2)
  expect(sealing.tick(2_099, 1_003)).toBe(false)
  expect(sealing.tick(2_100, 1_004)).toBe(true)
})

it('X14: what is sealed opens with the key of its epoch', () => {
  const { sealing } = stage()
  const one = sealing.seal(datagram(1))
  sealing.tick(0, 100_000)
  sealing.tick(0, 101_000)
  const two = sealing.seal(datagram(2))
  const [first, second] = sealing.told.map(({ key }) => createSecretKey(key))
  if (!first || !second) throw new Error('not told')
  expect([openDatagram(first, one), openDatagram(second, two)]).not.toContain(null)
  expect([openDatagram(second, one), openDatagram(first, two)]).toEqual([null, null])
})

const told = (epoch: number, fill = epoch): ToldKey => ({
  epoch,
  key: Buffer.alloc(sealKeyBytes, fill),
})

it('X14: a receiver opens with a key until some seconds after the next one was told', () => {
  const opening = new OpeningKeys(limits)
  opening.told(told(1), 0)
  opening.told(told(2), 50_000)
  opening.told(told(1), 50_500)
  opening.told(told(2), 50_500)
  const has = (now: number) => [1, 2, 3].map((epoch) => opening.of(epoch, now) !== null)
  expect(has(59_999)).toEqual([true, true, false])
  expect(has(60_000)).toEqual([false, true, false])
  opening.told(told(1), 60_001)
  expect(has(60_001)).toEqual([false, true, false])
})

it('X14: the key of an epoch stays what it was, and 0 is none', () => {
  const opening = new OpeningKeys(limits)
  opening.told(told(0), 0)
  expect(opening.of(0, 1)).toBeNull()
  opening.told(told(1), 0)
  const first = opening.of(1, 1)
  opening.told(told(1, 9), 1)
  expect(opening.of(1, 1)).toBe(first)
})
