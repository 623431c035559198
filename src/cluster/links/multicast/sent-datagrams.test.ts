import { expect, test } from 'vitest'
import { SentDatagrams } from './sent-datagrams.ts'

const limits = { keptDatagrams: 4, keptBytes: 100, keptMs: 50 }
const datagram = (sequence: number, size = 10) => ({
  sequence,
  bytes: Buffer.alloc(size, sequence),
})

test('X4: the last ones sent can be had again', () => {
  const sent = new SentDatagrams(limits)
  expect([sent.first, sent.last]).toEqual([1, 0])
  for (let n = 1; n <= 6; n++) sent.keep(datagram(n), 0)
  expect([sent.first, sent.last]).toEqual([3, 6])
  expect([0, 2, 3, 6, 7].map((n) => sent.get(n)?.[0])).toEqual([
    undefined,
    undefined,
    3,
    6,
    undefined,
  ])
})

test('X4: no more bytes than allowed are kept, and none for longer', () => {
  const sent = new SentDatagrams(limits)
  sent.keep(datagram(1, 60), 0)
  sent.keep(datagram(2, 60), 10)
  expect(sent.first).toBe(2)
  sent.letGo(60)
  expect(sent.first).toBe(2)
  sent.letGo(61)
  expect([sent.first, sent.last, sent.get(2)]).toEqual([3, 2, undefined])
  sent.keep(datagram(3, 200), 70)
  expect(sent.first).toBe(4)
})
