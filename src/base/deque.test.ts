import { expect, it } from 'vitest'
import { Deque } from './deque.ts'
import { seededRandom } from './random.ts'

it('behaves as an array would', () => {
  const random = seededRandom(3)
  const deque = new Deque<number>()
  const array: number[] = []
  for (let step = 0; step < 5000; step++) {
    const chance = random()
    if (chance < 0.45) {
      deque.push(step)
      array.push(step)
    } else if (chance < 0.6) {
      const index = Math.floor(random() * (array.length + 1))
      const count = Math.min(array.length - index, Math.floor(random() * 3))
      deque.replace(index, count, step)
      array.splice(index, count, step)
    } else if (chance < 0.65) expect(deque.pop()).toBe(array.pop())
    else expect(deque.shift()).toBe(array.shift())
    expect(deque.length).toBe(array.length)
    expect(deque.at(0)).toBe(array[0])
    expect(deque.at(-1)).toBe(array.at(-1))
  }
  expect([...deque]).toEqual(array)
  expect(deque.at(array.length)).toBeUndefined()
  deque.clear()
  expect([...deque]).toEqual([])
})

it('grows, empties and grows again', () => {
  const deque = new Deque<number>()
  for (let round = 0; round < 2; round++) {
    for (let item = 0; item < 3000; item++) deque.push(item)
    for (let item = 0; item < 2000; item++) expect(deque.shift()).toBe(item)
    for (let item = 2999; item >= 2000; item--) expect(deque.pop()).toBe(item)
    expect(deque.length).toBe(0)
    expect(deque.shift()).toBeUndefined()
    expect(deque.pop()).toBeUndefined()
    expect(deque.at(0)).toBeUndefined()
  }
})
