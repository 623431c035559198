import { describe, expect, it } from 'vitest'
import { RecordedPublisher } from '../../test/harness/recorded-publisher.ts'
import { incarnation, subscriber } from '../../test/harness/pair.ts'
import { defaultPublisherLimits } from './publisher-limits.ts'

const { turnBytes } = defaultPublisherLimits

/** About 4 MiB of a table. */
const largeCommit = (table = 'A') =>
  Array.from({ length: 4_096 }, (_, id) => ({
    table,
    kind: 'insert' as const,
    record: { id, note: `${id} ${'x'.repeat(1_000)}` },
  }))

const small = (table = 'A') => ({ table, kind: 'insert' as const, record: { id: 0 } })

function endTurn({ publisher, now }: RecordedPublisher): void {
  publisher.endTurn(now, now)
}

const sentBytes = (stage: RecordedPublisher): number =>
  stage.of('batch').reduce((sum, { frame }) => sum + frame.byteLength, 0)

const lastSent = (stage: RecordedPublisher): number => {
  const batch = stage.of('batch').at(-1)
  return batch ? batch.first + batch.count - 1 : 0
}

describe('a parcel of more than a turn takes', () => {
  it('D2: leaves in the turns to come, a MiB in each, before anything newer', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish(largeCommit())
    let turns = 0
    for (; stage.publisher.hasMoreToSend; turns++) {
      const before = sentBytes(stage)
      endTurn(stage)
      expect(sentBytes(stage) - before).toBeLessThan(turnBytes + 2 * 256 * 1024)
      if (turns === 1) stage.publisher.publish(small())
    }
    expect(turns).toBeGreaterThan(4)
    const batches = stage.of('batch')
    expect(batches.map(({ first }) => first)).toEqual(
      batches
        .reduce<number[]>((firsts, { count }) => [...firsts, (firsts.at(-1) ?? 0) + count], [1])
        .slice(0, -1),
    )
    expect([...new Set(batches.map(({ parcel }) => parcel))]).toEqual([1, 2])
    expect(batches.at(-1)).toMatchObject({ parcel: 2, first: 4_097, count: 1 })
  })

  it('D2: leaves at once where the one behind it is full, too', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish(largeCommit())
    endTurn(stage)
    stage.publisher.publish(largeCommit('B'))
    expect(stage.publisher.isParcelFull).toBe(true)
    stage.publisher.makeRoom(0, 0)
    expect(stage.publisher.isParcelFull).toBe(false)
    expect(
      stage
        .of('batch')
        .filter(({ table }) => table === 'A')
        .at(-1),
    ).toMatchObject({ parcel: 1 })
    expect(
      stage.of('batch').reduce((sum, { table, count }) => sum + (table === 'A' ? count : 0), 0),
    ).toBe(4_096)
  })

  it('D19: is waited for by a flush, with subscribers and without', () => {
    const outcomes: string[] = []
    const alone = new RecordedPublisher()
    alone.publisher.publish(largeCommit())
    alone.publisher.flush(0, 0, 60_000, ({ missing }) => outcomes.push(`alone ${missing.length}`))
    const stage = new RecordedPublisher()
    stage.sync(['A'])
    stage.publisher.publish(largeCommit())
    stage.publisher.flush(0, 0, 60_000, ({ confirmed }) => outcomes.push(`one ${confirmed.length}`))
    expect(outcomes).toEqual([])
    while (alone.publisher.hasMoreToSend) endTurn(alone)
    expect(outcomes).toEqual(['alone 0'])
    while (stage.publisher.hasMoreToSend) endTurn(stage)
    const asked = stage.of('heartbeat').at(-1)
    expect(asked).toMatchObject({ confirm: true, streams: [{ table: 'A', last: 4_096 }] })
    stage.publisher.onRequest(
      { kind: 'confirm', subscriber, incarnation, streams: [{ table: 'A', last: 4_096 }] },
      0,
    )
    expect(outcomes).toEqual(['alone 0', 'one 1'])
  })

  it('D19: is not waited for behind the last of what was published before the flush', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish(small())
    endTurn(stage)
    stage.publisher.publish(largeCommit('B'))
    let done = false
    stage.publisher.flush(0, 0, 60_000, () => (done = true))
    while (!done) {
      endTurn(stage)
      stage.publisher.publish(largeCommit('B'))
      stage.pass(10)
    }
    expect(stage.publisher.hasMoreToSend).toBe(true)
  })

  it('D4: leaves before a sync is answered: a vector is of a moment between two parcels', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish([...largeCommit('A'), ...largeCommit('B')])
    endTurn(stage)
    stage.sync('*')
    stage.pass(100)
    expect(stage.publisher.deadline).toBeGreaterThan(stage.now)
    expect(stage.of('vector')).toEqual([])
    while (stage.publisher.hasMoreToSend) endTurn(stage)
    const vectors = stage.of('vector').map(({ streams }) => streams.map(({ last }) => last))
    expect(vectors).toEqual([[4_096, 4_096]])
  })

  it('D2: has left as a whole when the publisher leaves', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish(largeCommit())
    endTurn(stage)
    stage.publisher.publish(small())
    stage.publisher.leave(0, 0, 1_000, () => undefined)
    expect(lastSent(stage)).toBe(4_097)
    expect(stage.sent.map(({ message }) => message.kind).indexOf('leaving')).toBeGreaterThan(
      stage.sent.map(({ message }) => message.kind).lastIndexOf('batch'),
    )
  })
})
