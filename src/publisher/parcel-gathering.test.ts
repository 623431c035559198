import { describe, expect, it } from 'vitest'
import { RecordedPublisher } from '../../test/harness/recorded-publisher.ts'
import { defaultPublisherLimits } from './publisher-limits.ts'

const { parcelBytes, parcelGatherBusyMs, parcelGatherBytes, parcelGatherMs, parcelGatherTurns } =
  defaultPublisherLimits

/** Turns of the event loop with a commit each, so many milliseconds apart, and others between them. */
function turns(stage: RecordedPublisher, count: number, apartMs: number, note = ''): void {
  for (let turn = 0; turn < count; turn++) {
    stage.now += apartMs
    stage.publisher.publish({ table: 'A', kind: 'insert', record: { note } })
    endTurn(stage)
    endTurn(stage)
  }
}

/** As the queue does: where the next turn is not looked at and publishes nothing, nobody hears of it. */
function endTurn(stage: RecordedPublisher): void {
  const { publisher, now } = stage
  if (hasPublished(stage) ? !publisher.skipsTurns : publisher.looksAhead)
    publisher.endTurn(now, now)
  told.set(stage, publisher.published.commits)
}

const told = new WeakMap<RecordedPublisher, number>()
const hasPublished = (stage: RecordedPublisher) =>
  stage.publisher.published.commits !== (told.get(stage) ?? 0)

/** A commit in each turn for so long, `apartMs` each, and what is due meanwhile. Returns how many. */
function busyTurns(
  stage: RecordedPublisher,
  forMs: number,
  apartMs: number,
  table: (turn: number) => string = () => 'A',
  note = '',
): number {
  const until = stage.now + forMs
  let count = 0
  for (; stage.now < until; count++) {
    stage.now += apartMs
    if (stage.now >= stage.publisher.deadline) stage.publisher.tick(stage.now)
    if (stage.publisher.isParcelFull) stage.publisher.closeTurn(stage.now, stage.now)
    stage.publisher.publish({ table: table(count), kind: 'insert', record: { note } })
    endTurn(stage)
  }
  return count
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
      endTurn(stage)
      endTurn(stage)
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
      endTurn(stage)
      endTurn(stage)
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

describe('a busy process, which publishes in each of its turns,', () => {
  /** Of each parcel that was sent, when it was. */
  const times = (stage: RecordedPublisher) => {
    const batches = stage.sent.filter(({ message }) => message.kind === 'batch')
    return [...new Set(batches.map(({ at }) => at))]
  }
  const apart = (stage: RecordedPublisher) =>
    times(stage).flatMap((at, n, all) => (n === 0 ? [] : [at - (all[n - 1] as number)]))

  it('D2: sends a parcel each 8 ms, whatever a turn takes', () => {
    for (const apartMs of [0.01, 0.3]) {
      const stage = new RecordedPublisher()
      busyTurns(stage, 1_000, apartMs)
      stage.sent = []
      const published = busyTurns(stage, 1_000, apartMs)
      expect(sum(counts(stage))).toBeGreaterThan(0.95 * published)
      expect(Math.max(...apart(stage))).toBeLessThan(parcelGatherBusyMs + 1)
      expect(Math.min(...apart(stage))).toBeGreaterThan(parcelGatherBusyMs - 1)
    }
  })

  it('D2: waits at most for a sixteenth of the time for which it has been busy', () => {
    const stage = new RecordedPublisher()
    busyTurns(stage, 80, 0.1)
    const left = times(stage)
    expect(left.length).toBeGreaterThan(50)
    for (const [n, wait] of apart(stage).entries())
      expect(wait).toBeLessThan((left[n + 1] as number) / 16 + 0.4)
  })

  it('D2: sends at once what waits when a turn publishes nothing', () => {
    const stage = new RecordedPublisher()
    busyTurns(stage, 1_000, 0.1)
    while (stage.publisher.skipsTurns) busyTurns(stage, 0.1, 0.1)
    busyTurns(stage, 0.1, 0.1)
    expect(sum(counts(stage))).toBeLessThan(stage.publisher.published.commits)
    expect(stage.publisher.looksAhead).toBe(true)
    endTurn(stage)
    expect(sum(counts(stage))).toBe(stage.publisher.published.commits)
    stage.sent = []
    turns(stage, 100, 0.1)
    expect(counts(stage)).toEqual(Array.from({ length: 100 }, () => 1))
  })

  it('D2: is noticed to rest within a millisecond, though ends of turns are not told', () => {
    const stage = new RecordedPublisher()
    busyTurns(stage, 1_000, 0.1)
    while (!stage.publisher.skipsTurns) busyTurns(stage, 0.1, 0.1)
    const { commits } = stage.publisher.published
    const { now } = stage
    while (sum(counts(stage)) < commits)
      stage.publisher.tick((stage.now = stage.publisher.deadline))
    expect(stage.now - now).toBeLessThanOrEqual(2)
    expect(stage.publisher.skipsTurns).toBe(false)
  })

  it('D2: gathers no more than a parcel holds', () => {
    const stage = new RecordedPublisher()
    busyTurns(stage, 300, 0.1, undefined, 'x'.repeat(parcelBytes / 8))
    const sizes = Map.groupBy(stage.of('batch'), ({ parcel }) => parcel)
    const most = Math.max(...[...sizes.values()].map((of) => sum(of.map(({ count }) => count))))
    expect(most).toBe(8)
  })

  it('D2: gathers no more than a few turns where each is of another table', () => {
    const stage = new RecordedPublisher()
    busyTurns(stage, 1_000, 0.1, (turn) => `T${turn % 100}`)
    const alone = stage.of('batch').filter(({ manifest }) => manifest.length === 1)
    expect(alone.length).toBeGreaterThan(8_500)
  })
})
