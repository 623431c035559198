import { expect, test } from 'vitest'
import { multicastLimits, type MulticastLimits } from './multicast-limits.ts'
import { DatagramOrder } from './datagram-order.ts'

const limits = {
  ...multicastLimits,
  windowDatagrams: 100,
  heldDatagrams: 8,
  heldBytes: 1_000,
  heldBytesOfAll: 1_500,
}

/** Chance in the middle: what is late is asked for after 2 ms. */
const newOrigin = (sent = 0, heldOfAll = { sum: 0 }, within: MulticastLimits = limits) =>
  new DatagramOrder(sent, within, () => 0.5, heldOfAll)

const records = (sequence: number, size = 1) => Buffer.alloc(size, sequence)

/** What it gives now: numbers, `hole` for a hole. */
function given(origin: DatagramOrder): (number | string)[] {
  const steps: (number | string)[] = []
  for (let step = origin.next(); step !== null; step = origin.next())
    steps.push(step === 'hole' ? step : (step[0] as number))
  return steps
}

const offer = (origin: DatagramOrder, sequences: readonly number[], now = 0) =>
  sequences.map((sequence) => origin.offer(sequence, records(sequence), now))

test('X5: datagrams are given in the order of their numbers, each once', () => {
  const origin = newOrigin()
  expect(offer(origin, [2, 1, 2, 4])).toEqual(['taken', 'taken', 'double', 'taken'])
  expect(given(origin)).toEqual([1, 2])
  expect(offer(origin, [1, 3, 4])).toEqual(['double', 'taken', 'double'])
  expect(given(origin)).toEqual([3, 4])
  expect(origin.state).toBe('level')
})

test('X5: what was sent before it was told is owed to nobody', () => {
  const origin = newOrigin(10)
  expect(offer(origin, [10, 11])).toEqual(['double', 'taken'])
  expect(given(origin)).toEqual([11])
})

test('X5: a number beyond the window is refused', () => {
  const origin = newOrigin()
  expect(offer(origin, [101, 100])).toEqual(['ahead', 'taken'])
})

test('X6: what is missing is asked for once, 2 ms later, and again after 400 ms without progress', () => {
  const origin = newOrigin()
  offer(origin, [1, 3, 6], 10)
  expect(origin.dueAt).toBe(12)
  expect(origin.tick(11)).toEqual([])
  const asked = [
    { from: 2, count: 1 },
    { from: 4, count: 2 },
  ]
  expect(origin.tick(12)).toEqual(asked)
  expect(origin.tick(13)).toEqual([])
  offer(origin, [8], 20)
  expect(origin.tick(22)).toEqual([{ from: 7, count: 1 }])
  offer(origin, [4], 100)
  expect(origin.tick(421)).toEqual([])
  expect(origin.dueAt).toBe(500)
  expect(origin.tick(500)).toEqual([
    { from: 2, count: 1 },
    { from: 5, count: 1 },
    { from: 7, count: 1 },
  ])
})

test('X6: while others are missed and come, what was asked for before them is asked for again after 400 ms', () => {
  const origin = newOrigin(0, { sum: 0 }, multicastLimits)
  offer(origin, [2], 0)
  origin.tick(2)
  for (let now = 100; now < 400; now += 100) {
    offer(origin, [now / 50 + 2], now)
    expect(origin.tick(now + 2)).toHaveLength(1)
    offer(origin, [now / 50 + 1], now + 4)
  }
  expect(origin.tick(402)).toEqual([{ from: 1, count: 1 }])
})

test('X6: while others are missed and come, what does not come for 2 s is given up', () => {
  const origin = newOrigin(0, { sum: 0 }, multicastLimits)
  offer(origin, [2], 0)
  for (let now = 100; now < 2_000; now += 100) {
    offer(origin, [now / 50 + 2], now)
    offer(origin, [now / 50 + 1], now + 4)
    expect(given(origin)).toEqual([])
    origin.tick(now + 5)
  }
  origin.tick(2_000)
  expect(given(origin).slice(0, 2)).toEqual(['hole', 2])
})

test('X6: what comes before it is asked for is not', () => {
  const origin = newOrigin()
  offer(origin, [2], 0)
  offer(origin, [1], 1)
  expect([origin.tick(2), origin.dueAt]).toEqual([[], Infinity])
  offer(origin, [4], 10)
  expect(origin.tick(12)).toEqual([{ from: 3, count: 1 }])
})

test('X6: one ask has so many ranges, the next the rest', () => {
  const origin = newOrigin(0, { sum: 0 }, { ...limits, askRanges: 2 })
  offer(origin, [2, 4, 6], 0)
  expect(origin.tick(2).map(({ from }) => from)).toEqual([1, 3])
  expect(origin.tick(4).map(({ from }) => from)).toEqual([5])
})

test('X6: what is missing at the end is known by the word of the sender', () => {
  const origin = newOrigin()
  offer(origin, [1], 0)
  origin.told(1, 3, 10)
  expect(origin.state).toBe('gap')
  expect(origin.tick(12)).toEqual([{ from: 2, count: 2 }])
  origin.told(1, 2, 20)
  expect(origin.tick(13)).toEqual([])
})

test('X6: what has not come after 2 s without progress is given up: the rest goes on behind a hole', () => {
  const origin = newOrigin()
  offer(origin, [1, 3], 0)
  expect(given(origin)).toEqual([1])
  origin.tick(1_999)
  expect(given(origin)).toEqual([])
  origin.tick(2_000)
  expect(given(origin)).toEqual(['hole', 3])
  expect(origin.skipped).toBe(1)
  expect(origin.state).toBe('level')
})

test('X6: progress gives the rest another 2 s, and what came to be missing since stays', () => {
  const origin = newOrigin()
  offer(origin, [3], 0)
  offer(origin, [2], 1_000)
  origin.tick(2_500)
  expect(given(origin)).toEqual([])
  offer(origin, [5], 2_600)
  origin.tick(3_000)
  expect(given(origin)).toEqual(['hole', 2, 3])
  expect(origin.state).toBe('gap')
})

test('X6: what the sender can no longer repair is given up at once', () => {
  const origin = newOrigin()
  offer(origin, [3, 6], 0)
  origin.told(5, 8, 1)
  expect(given(origin)).toEqual(['hole', 3, 'hole'])
  expect(origin.tick(3)).toEqual([
    { from: 5, count: 1 },
    { from: 7, count: 2 },
  ])
})

test('X6: a word far beyond the window leaves all behind: nothing is looped over', () => {
  const origin = newOrigin()
  offer(origin, [2, 3], 0)
  origin.told(1, Number.MAX_SAFE_INTEGER - 1, 1)
  expect(given(origin)).toEqual(['hole'])
  expect(origin.tick(3)).toHaveLength(1)
  expect(offer(origin, [3])).toEqual(['double'])
})

test('X8: where there is no room the oldest gap is given up, and what did not fit is asked for later', () => {
  const origin = newOrigin()
  offer(origin, [2, 3, 4, 5, 6, 7, 8, 9])
  expect(offer(origin, [10])).toEqual(['no-room'])
  expect(given(origin)).toEqual(['hole', 2, 3, 4, 5, 6, 7, 8, 9])
  expect(offer(origin, [11])).toEqual(['taken'])
  expect(origin.tick(2)).toEqual([{ from: 10, count: 1 }])
})

test('X8: what is next is taken where there is no room: it makes room', () => {
  const origin = newOrigin()
  offer(origin, [2, 3, 4, 5, 6, 7, 8, 9])
  expect(offer(origin, [1])).toEqual(['taken'])
  expect(given(origin)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('X8: bytes are bounded, of one node and of all together; what is let go is free again', () => {
  const all = { sum: 0 }
  const [one, other] = [newOrigin(0, all), newOrigin(0, all)]
  expect(one.offer(2, records(2, 600), 0)).toBe('taken')
  expect(one.offer(3, records(3, 600), 0)).toBe('no-room')
  expect(other.offer(2, records(2, 600), 0)).toBe('taken')
  expect(other.offer(3, records(3, 350), 0)).toBe('no-room')
  one.close()
  expect(all.sum).toBe(600)
  expect(given(other)).toEqual(['hole', 2])
  expect(all.sum).toBe(0)
})
