import { expect, it } from 'vitest'
import { liveHeapBytes } from '../../test/harness/live-heap.ts'
import { WaitingMessages, isGap } from './waiting-messages.ts'
import type { NotTaken, WaitingPiece } from './waiting-messages.ts'

const message = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)])

type Told = Parameters<NotTaken>

function waitingUpTo(most: number) {
  const told: Told[] = []
  const waiting = new WaitingMessages(most, (...each) => told.push(each))
  const push = (...texts: string[]): void => {
    const bytes = Buffer.concat(texts.map(message))
    waiting.push(Buffer.from(new Uint8Array(bytes).buffer), texts.length)
  }
  return { waiting, told, push }
}

function all(waiting: WaitingMessages): unknown[] {
  const came: unknown[] = []
  const shown = (each: WaitingPiece): unknown =>
    isGap(each) ? [each.reason, Object.fromEntries(each.messages), each.isOfAll] : String(each[0])
  for (let each = waiting.shift(); each; each = waiting.shift()) came.push(shown(each))
  return came
}

it('W5: of a piece that does not fit as a whole its first messages wait, and the rest is counted by table', () => {
  const { waiting, told, push } = waitingUpTo(800)
  const text = 'x'.repeat(200)
  push(
    `update/A/${text}`,
    `update/A/${text}1`,
    `update/A/${text}`,
    `update/B/${text}`,
    'update/B/',
    'none',
  )
  expect(waiting.bytes).toBeLessThanOrEqual(800 + 320 + 3 * 64)
  const lost: Told[] = [
    ['A', 'foreign-overrun', 1],
    ['B', 'foreign-overrun', 2],
    [null, 'foreign-overrun', 1],
  ]
  expect(told).toEqual(lost)
  push('update/A/y')
  expect(told).toEqual([...lost, ['A', 'foreign-overrun', 1]])
  expect(waiting.overrun).toBe(5)
  expect(all(waiting)).toEqual([
    `update/A/${text}`,
    `update/A/${text}1`,
    ['foreign-overrun', { A: 2, B: 2, null: 1 }, false],
  ])
  expect(waiting).toMatchObject({ bytes: 0, isEmpty: true })
})

it('keeps gaps in their place, each for its reason', () => {
  const { waiting, told, push } = waitingUpTo(100_000)
  push('update/A/1', 'update/A/2')
  waiting.refuse(Buffer.from('update/A/{'), 'too-large')
  waiting.refuse(Buffer.from('update/B/'), 'too-large')
  waiting.refuse(Buffer.from('update/B/'), 'bad-frames')
  waiting.interrupt()
  waiting.interrupt()
  push('update/A/3')
  expect(told).toEqual([
    ['A', 'too-large', 1],
    ['B', 'too-large', 1],
    ['B', 'bad-frames', 1],
  ])
  expect(all(waiting)).toEqual([
    'update/A/1',
    'update/A/2',
    ['too-large', { A: 1, B: 1 }, false],
    ['bad-frames', { B: 1 }, false],
    ['foreign-overrun', {}, true],
    'update/A/3',
  ])
})

it('lets all go that waits, and keeps the gaps', () => {
  const { waiting, told, push } = waitingUpTo(100_000)
  push('update/A/1', 'update/A/2', 'update/B/1')
  waiting.shift()
  waiting.refuse(Buffer.from('update/B/'), 'bad-frames')
  waiting.interrupt()
  push('update/A/3')
  waiting.letAllGo()
  expect(all(waiting)).toEqual([
    ['foreign-overrun', { A: 1, B: 1 }, false],
    ['bad-frames', { B: 1 }, false],
    ['foreign-overrun', { A: 1 }, true],
  ])
  expect(told).toHaveLength(4)
})

/** What a kind of flood leaves behind in memory where nobody reads, and what is counted of it. */
function flooded(most: number, flood: (waiting: WaitingMessages) => void) {
  let told = 0
  const waiting = new WaitingMessages(most, () => told++)
  const before = liveHeapBytes()
  flood(waiting)
  const bytes = liveHeapBytes() - before
  expect(told).toBeGreaterThan(0)
  return { bytes, counted: waiting.bytes }
}

const mebibyte = 1024 * 1024

it.each([
  ['pieces of 64 KiB', 64 * 1024, 1],
  ['pieces of one small message each', 80, 1],
  ['a small part each of large pieces', 80, 100],
])('W5: in %s what waits takes no more memory than is counted', (_, size, times) => {
  const { bytes, counted } = flooded(2 * mebibyte, (waiting) => {
    for (let came = 0; came < 3 * mebibyte; came += size) {
      const piece = Buffer.allocUnsafeSlow(size * times)
      let at = 0
      for (; at + 80 <= size; at += 80)
        piece.write(`\0\x4eupdate/TRADE/{}`.padEnd(80), at, 'latin1')
      waiting.push(piece.subarray(0, at), at / 80)
    }
  })
  expect(counted).toBeLessThanOrEqual(2.1 * mebibyte)
  expect(bytes).toBeLessThan(1.25 * counted + mebibyte / 4)
})

it('W5: of a piece of which little is whole, the rest is not kept', () => {
  const { waiting, told } = waitingUpTo(10_000_000)
  const whole = message('update/A/1')
  waiting.push(Buffer.alloc(1_000_000, whole).subarray(0, whole.length), 1)
  expect(waiting.bytes).toBeLessThan(1000)
  expect(told).toEqual([])
})

it('W5: what is told of messages let go is bounded too, whatever their tables and reasons', () => {
  const { bytes, counted } = flooded(mebibyte, (waiting) => {
    for (let n = 0; n < 60_000; n++) {
      waiting.push(message(`update/TABLE_OF_A_LONG_NAME_${n}/{}`), 1)
      if (n % 3 === 0)
        waiting.refuse(Buffer.from(`update/TABLE_${n}/`), n % 2 ? 'too-large' : 'bad-frames')
      if (n % 5 === 0) waiting.interrupt()
    }
  })
  expect(counted).toBeLessThan(4 * mebibyte)
  expect(bytes).toBeLessThan(16 * mebibyte)
})
