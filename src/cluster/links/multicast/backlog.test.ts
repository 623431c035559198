import { expect, test } from 'vitest'
import { Backlog } from './backlog.ts'

const push = (backlog: Backlog, count: number) => {
  for (let n = 1; n <= count; n++) backlog.push({ sequence: n, bytes: Buffer.alloc(100) })
}

function leaving(backlog: Backlog, now: number): number {
  let count = 0
  while (backlog.next(now)) count++
  return count
}

test('X4: as much as the burst leaves at once, and then as much as the rate allows, in order', () => {
  const backlog = new Backlog(1_000, 300, 4, 0)
  push(backlog, 10)
  expect(backlog.next(0)?.sequence).toBe(1)
  expect(leaving(backlog, 0)).toBe(2)
  expect(leaving(backlog, 99)).toBe(0)
  expect(leaving(backlog, 100)).toBe(1)
  expect(leaving(backlog, 10_000)).toBe(3)
  expect(backlog.next(20_000)?.sequence).toBe(8)
})

test('X4: it is full with more than so many, and empty with none', () => {
  const backlog = new Backlog(1_000, 100, 4, 0)
  expect([backlog.isEmpty, backlog.isFull]).toEqual([true, false])
  push(backlog, 4)
  expect([backlog.isEmpty, backlog.isFull]).toEqual([false, false])
  push(backlog, 1)
  expect(backlog.isFull).toBe(true)
})

test('X4: another burst holds from now on', () => {
  const backlog = new Backlog(1_000, 100, 4, 0)
  push(backlog, 20)
  backlog.setBurst(500, 0)
  expect(leaving(backlog, 0)).toBe(5)
  backlog.setBurst(500, 0)
  expect(leaving(backlog, 0)).toBe(0)
})
