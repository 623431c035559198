import { expect, it } from 'vitest'
import { mqttLimits } from './mqtt-limits.ts'
import { type OutgoingPacket, PacketQueue, type Qos } from './packet-queue.ts'

const packet = (qos: Qos, fields: Partial<OutgoingPacket> = {}): OutgoingPacket => ({
  topic: 'T',
  payload: Buffer.alloc(10),
  qos,
  isRetained: false,
  expiryMs: null,
  done: null,
  ...fields,
})

it('Q3: no more messages are unacknowledged than the broker takes, or it brings them out of order', () => {
  const queue = new PacketQueue()
  queue.begin(2)
  for (let number = 0; number < 4; number++) queue.add(packet(2))
  expect([queue.next(), queue.next(), queue.next()].map((each) => each?.qos)).toEqual([
    2,
    2,
    undefined,
  ])
  queue.acknowledged()
  expect(queue.next()?.qos).toBe(2)
  expect(queue.next()).toBe(undefined)
})

it('Q3: a message of QoS 0 does not overtake one that waits', () => {
  const queue = new PacketQueue()
  queue.begin(1)
  for (const qos of [1, 1, 0] as const) queue.add(packet(qos))
  queue.next()
  expect(queue.next()).toBe(undefined)
  queue.acknowledged()
  expect([queue.next()?.qos, queue.next()?.qos]).toEqual([1, 0])
})

it('Q3: what waits is bounded by number and bytes, and what somebody waits for is not dropped', () => {
  const queue = new PacketQueue()
  for (let number = 0; number < mqttLimits.queuedMessages; number++) queue.add(packet(0))
  expect(queue.add(packet(0))).toBe(false)
  expect(queue.add(packet(1, { done: () => {} }))).toBe(true)
  expect(queue.dropped).toBe(1)
  const bytes = new PacketQueue()
  expect(bytes.add(packet(0, { payload: Buffer.alloc(mqttLimits.queuedBytes) }))).toBe(true)
  expect(bytes.add(packet(0))).toBe(false)
})

it('Q3: what waits when the connection ends is told as failed, and the next begins with nothing', () => {
  const queue = new PacketQueue()
  const failed: (Error | null)[] = []
  queue.add(packet(1))
  queue.next()
  queue.add(packet(1, { done: (error) => failed.push(error) }))
  expect(queue.isEmpty).toBe(false)
  queue.end(new Error('gone'))
  expect(failed.map((error) => error?.message)).toEqual(['gone'])
  expect(queue.isEmpty).toBe(true)
})
