import { expect, it } from 'vitest'
import { parsePosition, positionText } from './log-position.ts'

it.each([
  ['0/0', 0n],
  ['0/1528448', 0x1528448n],
  ['16/B374D848', 0x16_b374_d848n],
  ['FFFFFFFF/FFFFFFFF', 2n ** 64n - 1n],
])('%s is a position, and is written so', (text, position) => {
  expect(parsePosition(text)).toBe(position)
  expect(positionText(position)).toBe(text)
})

it.each(['', '16', '16/', 'x/1', '123456789/0', '0/1 '])('%j is none', (text) => {
  expect(() => parsePosition(text)).toThrow(
    'a position in the write-ahead log must be like 16/B374D848',
  )
})
