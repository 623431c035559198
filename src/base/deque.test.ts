import { expect, it } from 'vitest'
import { Deque } from './deque.ts'
import { seededRandom } from './random.ts'

it('behaves as an array with push and shift would', () => {
  const random = seededRandom(3)
  const deque = new Deque<number>()
  const array: number[] = []
  for (let step = 0; step < 5000; step++) {
    if (random() < 0.55) {
      deque.push(step)
      array.push(step)
    } else expect(deque.shift()).toBe(array.shift())
    expect(deque.length).toBe(array.length)
    expect(deque.at(0)).toBe(array[0])
    expect(deque.at(-1)).toBe(array.at(-1))
  }
  expect([...deque]).toEqual(array)
  expect(deque.at(array.length)).toBeUndefined()
  deque.clear()
  expect([...deque]).toEqual([])
})
