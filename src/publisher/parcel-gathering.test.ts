import { describe, expect, it } from 'vitest'
import { RecordedPublisher } from '../../test/harness/recorded-publisher.ts'
import { defaultPublisherLimits } from './publisher-limits.ts'

const { parcelGatherBytes, parcelGatherMs, parcelGatherTurns } = defaultPublisherLimits

/** Turns of the event loop with a commit each, so many milliseconds apart. */
function turns(stage: RecordedPublisher, count: number, apartMs: number, note = ''): void {
  for (let turn = 0; turn < count; turn++) {
    stage.now += apartMs
    stage.publisher.publish({ table: 'A', kind: 'insert', record: { note } })
    stage.publisher.endTurn(stage.now, stage.now)
  }
}

const counts = (stage: RecordedPublisher) => stage.of('batch').map(({ count }) => count)
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

describe('a parcel', () => {
  it('D2: is that of one turn while turns do not follow each other fast', () => {
    const stage = new RecordedPublisher()
    turns(stage, 1_000, 0.1)
    expect(counts(stage)).toEqual(Array.from({ length: 1_000 }, () => 1))
  })

  it('D2: is that of one turn in a burst', () => {
    const stage = new RecordedPublisher()
    for (let burst = 0; burst < 20; burst++) {
      turns(stage, parcelGatherTurns, 0.02)
      stage.now += 5
    }
    expect(new Set(counts(stage))).toEqual(new Set([1]))
  })

  it('D2: gathers the turns of 0.2 ms where they follow each other fast', () => {
    const stage = new RecordedPublisher()
    turns(stage, 2_000, 0.02)
    const gathered = counts(stage).slice(parcelGatherTurns)
    expect(gathered.length).toBeGreaterThan(100)
    expect(Math.min(...gathered)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...gathered)).toBeLessThanOrEqual(12)
    const firsts = stage.of('batch').map(({ first }) => first)
    expect(firsts.every((first, n) => first === 1 + sum(counts(stage).slice(0, n)))).toBe(true)
  })

  it('D2: leaves within its time when nothing follows', () => {
    const stage = new RecordedPublisher()
    turns(stage, 105, 0.02)
    expect(sum(counts(stage))).toBeLessThan(105)
    const due = stage.publisher.deadline
    expect(due - stage.now).toBeLessThanOrEqual(parcelGatherMs)
    expect(stage.publisher.hasMoreToSend).toBe(false)
    stage.publisher.tick(due)
    expect(sum(counts(stage))).toBe(105)
    expect(stage.publisher.deadline).toBeGreaterThan(due)
  })

  it('D2: does not wait when it holds 16 KiB', () => {
    const stage = new RecordedPublisher()
    turns(stage, 200, 0.02, 'x'.repeat(parcelGatherBytes))
    expect(new Set(counts(stage))).toEqual(new Set([1]))
  })

  it('D2: gathers nothing where each turn is of another table', () => {
    const stage = new RecordedPublisher()
    for (let turn = 0; turn < 5_000; turn++) {
      stage.now += 0.02
      stage.publisher.publish({ table: `T${turn % 100}`, kind: 'insert', record: {} })
      stage.publisher.endTurn(stage.now, stage.now)
    }
    const alone = stage.of('batch').filter(({ manifest }) => manifest.length === 1)
    expect(alone.length).toBeGreaterThan(4_500)
  })

  it('D2: gathers where each turn is of the same two tables', () => {
    const stage = new RecordedPublisher()
    for (let turn = 0; turn < 2_000; turn++) {
      stage.now += 0.02
      stage.publisher.publish(
        ['A', 'B'].map((table) => ({ table, kind: 'insert' as const, record: {} })),
      )
      stage.publisher.endTurn(stage.now, stage.now)
    }
    expect(stage.of('batch').length).toBeLessThan(500)
  })

  it('D2: waits for what a turn publishes that has begun', () => {
    const stage = new RecordedPublisher()
    turns(stage, 105, 0.02)
    const due = stage.publisher.deadline
    stage.publisher.publish({ table: 'A', kind: 'insert', record: {} })
    stage.publisher.tick(due)
    expect(sum(counts(stage))).toBeLessThan(105)
    expect(stage.publisher.deadline).toBeGreaterThan(due)
    stage.publisher.endTurn(due, 7)
    expect(sum(counts(stage))).toBe(106)
    expect(stage.of('batch').at(-1)?.publishedAt).toBe(7)
  })

  it('D19: does not wait when a flush asks for it, or the publisher leaves', () => {
    for (const end of ['flush', 'leave'] as const) {
      const stage = new RecordedPublisher()
      turns(stage, 105, 0.02)
      expect(sum(counts(stage))).toBeLessThan(105)
      stage.publisher[end](stage.now, stage.now, 1_000, () => undefined)
      expect(sum(counts(stage))).toBe(105)
    }
  })

  it('D2: goes back to one turn when the rate falls', () => {
    const stage = new RecordedPublisher()
    turns(stage, 500, 0.02)
    turns(stage, parcelGatherTurns, 0.1)
    stage.sent = []
    turns(stage, 100, 0.1)
    expect(counts(stage)).toEqual(Array.from({ length: 100 }, () => 1))
  })
})
