import { expect, it } from 'vitest'
import type { Delivery } from '../../src/index.ts'
import { brokenCommits, Reception } from './reception.ts'

const updates = (...commits: number[]) => commits.map((commit) => ({ commit }))
const delivery = (...commits: number[]) =>
  ({ type: 'updates', updates: updates(...commits) }) as unknown as Delivery

it('finds commits that are not whole in a delivery', () => {
  expect(brokenCommits(updates(1, 1, 2, 2), 2)).toBe(0)
  expect(brokenCommits(updates(1, 1, 2), 2)).toBe(1)
  expect(brokenCommits(updates(1, 2, 2, 2), 2)).toBe(2)
})

it('counts until all has come', async () => {
  const reception = new Reception(2)
  const received = reception.received(4)
  reception.take(delivery(1, 1))
  reception.take(delivery(2))
  reception.take(delivery(2))
  expect(await received).toMatchObject({ updates: 4, deliveries: 3, brokenCommits: 2 })
})

it('rejects at a loss, whenever it came', async () => {
  const reception = new Reception(null)
  reception.take({ type: 'loss', losses: [] })
  await expect(reception.received(1)).rejects.toThrow('lost')
})
