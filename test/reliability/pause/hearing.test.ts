import { expect, it } from 'vitest'
import { Hearing } from './hearing.ts'

it('counts of a span what came, each once, and what was told as lost and did not come', () => {
  const hearing = new Hearing()
  for (const number of [0, 1, 2, 2, 5, 9]) hearing.take(number)
  hearing.lose(2, 3)
  hearing.lose(3, 4)
  expect(hearing.of({ from: 1, to: 8 })).toEqual({ delivered: 3, told: 2, words: [], last: 9 })
  expect(hearing.of({ from: 0, to: 0 })).toMatchObject({ delivered: 0, told: 0 })
})

it('keeps each word once', () => {
  const hearing = new Hearing()
  for (const word of ['disconnect', 'error', 'disconnect']) hearing.mayMiss(word)
  expect(hearing.of({ from: 0, to: 1 })).toEqual({
    delivered: 0,
    told: 0,
    words: ['disconnect', 'error'],
    last: -1,
  })
})
