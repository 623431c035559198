import { expect, it } from 'vitest'
import { decodeFigures, encodeFigures, readQuestion } from './figures-record.ts'

const said = {
  questions: ['1'.repeat(32)],
  version: '1.2.3',
  wallClock: 1,
  connectedForMs: 2,
  dropped: 3,
  rate: 4.5,
  health: { ready: true, waitingFor: [], lagSeconds: 1, losses: 0, lastLoss: null },
  sequences: Array.from({ length: 100 }, (_, number) => ({ table: `T${number}`, last: number })),
}

it('reads what was written', () => {
  expect(decodeFigures(encodeFigures(said, 100_000))).toEqual(said)
})

it('Q4: what a packet of the broker cannot hold leaves out the numbers, and nothing else', () => {
  const bytes = encodeFigures(said, 1_000)
  expect(bytes.byteLength).toBeLessThan(1_000)
  expect(decodeFigures(bytes)).toEqual({ ...said, sequences: null })
})

it.each(['', 'x', '{}', '{"v":2}', '[]', 'null', JSON.stringify({ v: 1, ...said, rate: '1' })])(
  'what is no record is none: %s',
  (text) => {
    expect(decodeFigures(Buffer.from(text))).toBe(null)
    expect(readQuestion(Buffer.from(text))).toBe(null)
  },
)
