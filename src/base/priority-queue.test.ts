import { expect, it } from 'vitest'
import { PriorityQueue } from './priority-queue.ts'
import { seededRandom } from './random.ts'

it('has the lowest first, as a sorted list would', () => {
  const random = seededRandom(5)
  const queue = new PriorityQueue<string>()
  const ranks = new Map<string, number>()
  for (let step = 0; step < 5000; step++) {
    const item = `i${Math.floor(random() * 100)}`
    if (random() < 0.6) {
      const rank = Math.floor(random() * 50)
      queue.set(item, rank)
      ranks.set(item, rank)
    } else {
      queue.delete(item)
      ranks.delete(item)
    }
    expect(queue.size).toBe(ranks.size)
    const { first } = queue
    expect(first === undefined ? undefined : ranks.get(first)).toBe(
      [...ranks.values()].toSorted((a, b) => a - b)[0],
    )
  }
})
