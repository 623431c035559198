import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FlushOutcome, Flushes } from './flushes.ts'

const tables = Array.from({ length: 4_096 }, (_, index) => `T${index}`)
const upTo = (last: number) => tables.map((table) => ({ table, last }))
const subscribers = ['a', 'b', 'c', 'd']

afterEach(() => void vi.restoreAllMocks())

describe('many flushes over many tables', () => {
  it('D19: are looked at as far as the first that waits, and each table of that once', () => {
    const flushes = new Flushes()
    for (const each of subscribers) flushes.onRoster(each, tables)
    const outcomes: FlushOutcome[] = []
    for (let number = 1; number <= 20; number++)
      flushes.start({
        target: upTo(number),
        until: 60_000 + number,
        done: (outcome) => void outcomes.push(outcome),
      })
    const looks = vi.spyOn(Map.prototype, 'get')
    let confirmations = 0
    let counted = 0
    for (let from = 0; from < tables.length; from += 512)
      for (const each of subscribers) {
        // Behind the last one, for each flush it is found out who has confirmed it.
        counted = looks.mock.calls.length
        flushes.confirm(each, upTo(20).slice(from, from + 512), 0)
        confirmations += 512
        flushes.check(0, () => true)
        expect(flushes.deadline).toBe(outcomes.length === 20 ? Infinity : 60_001)
      }
    looks.mockRestore()
    expect(outcomes).toHaveLength(20)
    expect(outcomes[0]).toEqual({ confirmed: subscribers, missing: [] })
    expect(counted).toBeLessThan(4 * confirmations)
    expect(counted).toBeGreaterThan(0)
  })

  it('D19: that wait cost nothing for a message that changes nothing', () => {
    const flushes = new Flushes()
    for (const each of subscribers) flushes.onRoster(each, tables)
    for (let number = 1; number <= 200; number++)
      flushes.start({ target: upTo(number), until: 60_000, done: () => undefined })
    flushes.check(0, () => true)
    const looks = vi.spyOn(Map.prototype, 'get')
    for (let message = 0; message < 100; message++) {
      flushes.check(0, () => true)
      void flushes.deadline
    }
    expect(looks.mock.calls.length).toBeLessThan(100 * 20)
  })

  it('D19: waits for a table that a subscriber wants only since the flush was looked at', () => {
    const flushes = new Flushes()
    const outcomes: FlushOutcome[] = []
    flushes.onRoster('a', ['T1'])
    const target = [
      { table: 'T0', last: 1 },
      { table: 'T1', last: 1 },
    ]
    flushes.start({ target, until: 100, done: (outcome) => void outcomes.push(outcome) })
    flushes.check(0, () => true)
    flushes.onRoster('a', ['T0', 'T1'])
    flushes.confirm('a', [{ table: 'T1', last: 1 }], 0)
    flushes.check(0, () => true)
    expect(outcomes).toEqual([])
    flushes.confirm('a', [{ table: 'T0', last: 1 }], 0)
    flushes.check(0, () => true)
    expect(outcomes).toEqual([{ confirmed: ['a'], missing: [] }])
  })
})
