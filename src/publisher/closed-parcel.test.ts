import { describe, expect, it } from 'vitest'
import { RecordedPublisher } from '../../test/harness/recorded-publisher.ts'
import { incarnation, subscriber } from '../../test/harness/pair.ts'
import type { Update } from '../model/update.ts'
import { RowReader } from '../wire/rows/row-reader.ts'
import { defaultPublisherLimits } from './publisher-limits.ts'

const { turnBytes } = defaultPublisherLimits

/** About 4 MiB of a table. */
const largeCommit = (table = 'A') =>
  Array.from({ length: 4_096 }, (_, id) => ({
    table,
    kind: 'insert' as const,
    record: { id, note: `${id} ${'x'.repeat(1_000)}` },
  }))

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

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

  it('D2: has others wait behind it that are full', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish(largeCommit())
    endTurn(stage)
    stage.publisher.publish(largeCommit('B'))
    expect(stage.publisher.isParcelFull).toBe(true)
    const before = sentBytes(stage)
    stage.publisher.closeTurn(0, 0)
    expect(stage.publisher.isParcelFull).toBe(false)
    expect(sentBytes(stage) - before).toBeLessThan(turnBytes + 2 * 256 * 1024)
    while (stage.publisher.hasMoreToSend) endTurn(stage)
    const batches = stage.of('batch')
    expect([...new Set(batches.map(({ parcel, table }) => `${parcel} ${table}`))]).toEqual([
      '1 A',
      '2 B',
    ])
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(2 * 4_096)
  })

  it('D2: leaves by eighths where it is very large', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish([
      ...largeCommit(),
      ...largeCommit(),
      ...largeCommit(),
      ...largeCommit(),
    ])
    let turns = 0
    for (; stage.publisher.hasMoreToSend; turns++) endTurn(stage)
    expect(turns).toBeGreaterThan(4)
    expect(turns).toBeLessThan(10)
  })

  it('D2: has its tables by turns', () => {
    const stage = new RecordedPublisher()
    stage.publisher.publish([...largeCommit('A'), ...largeCommit('B')])
    while (stage.publisher.hasMoreToSend) endTurn(stage)
    const inOrder = stage.of('batch').map(({ table }) => table)
    expect(inOrder.slice(0, 6)).toEqual(['A', 'B', 'A', 'B', 'A', 'B'])
    const updates: Update[] = []
    const reader = new RowReader()
    for (const batch of stage.of('batch')) expect(reader.read(batch, 0, updates)).toBe(true)
    for (const table of ['A', 'B']) {
      const ofTable = updates.filter((update) => update.table === table)
      expect(ofTable.map(({ sequence }) => sequence)).toEqual(upTo(4_096))
      expect(ofTable.map(({ record }) => (record as { id: number }).id + 1)).toEqual(upTo(4_096))
    }
  })

  it('D4: is of one time, however long it takes to leave', () => {
    const stage = new RecordedPublisher()
    const tables = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']
    stage.publisher.publish(tables.flatMap((table) => largeCommit(table).slice(0, 512)))
    for (; stage.publisher.hasMoreToSend; stage.now += 100) endTurn(stage)
    expect(stage.now).toBeGreaterThan(300)
    const { now } = stage
    stage.sync(tables, 1, subscriber, now - 50)
    stage.pass(20)
    const streams = stage.of('vector').flatMap((vector) => vector.streams)
    expect(streams.map(({ since, ageMs }) => [since, ageMs])).toEqual(
      tables.map(() => [513, now + 20]),
    )
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
