import { describe, expect, it } from 'vitest'
import type { BatchMessage, Message } from '../model/message.ts'
import { RecordTest } from '../model/where.ts'
import { RowReader } from '../wire/rows/row-reader.ts'
import { incarnation, Pair } from '../../test/harness/pair.ts'

const isBatchOf = (table: string) => (message: Message) =>
  message.kind === 'batch' && message.table === table
const insert = { table: 'A', kind: 'insert', record: { place: 0 } } as const

/** Counts how often it is asked where the batch begins. */
function countingLooks(batch: BatchMessage, looks: { count: number }): BatchMessage {
  return Object.defineProperty({ ...batch }, 'first', {
    get: () => {
      looks.count++
      return batch.first
    },
  })
}

const other = 'f'.repeat(32)
const nothingRetained = { publisher: { retentionBytes: 1, reserveUpdates: 0, reserveBytes: 0 } }

describe('parcels of one publisher', () => {
  it('D13: wait while a part of an earlier one is repaired', () => {
    const pair = new Pair(['A', 'B', 'C']).ready()
    pair.publish(['A', 'B'])
    pair.publish(['C'])
    pair.publish(['A'])
    pair.deliver(isBatchOf('B'))
    expect(pair.order).toEqual([])
    pair.pass(500)
    expect(pair.order).toEqual(['A1', 'B1', 'C1', 'A2'])
  })

  it('D13: are delivered commit by commit, the updates in the order of the call', () => {
    const pair = new Pair(['A', 'B']).ready()
    pair.publish(['B', 'A'], ['A', 'B', 'A'], ['A'], ['B'])
    pair.deliver()
    expect(pair.order).toEqual(['B1', 'A1', 'A2', 'B2', 'A3', 'A4', 'B3'])
    expect(pair.got).toHaveLength(1)
  })

  it('D13: hold up no other publisher', () => {
    const pair = new Pair(['A', 'B'])
    const second = pair.addPublisher({ process: 'q', incarnation: other })
    pair.roster({ ...second.identity })
    pair.ready()
    pair.publish(['A', 'B'])
    pair.publishBy(second, ['A'])
    pair.deliver(isBatchOf('B'))
    expect(pair.got.map(({ updates }) => updates[0]?.publisher?.process)).toEqual(['q'])
  })

  it('D1: two lives of one name are two publishers', () => {
    const pair = new Pair(['A'])
    const second = pair.addPublisher({ incarnation: other })
    pair.roster({ incarnation: other })
    pair.ready()
    pair.publish(['A'])
    pair.publishBy(second, ['A'])
    pair.deliver()
    expect(pair.order).toEqual(['A1', 'A1'])
    expect(pair.losses).toEqual([])
  })
})

describe('a commit that cannot be whole', () => {
  it('D10: is a delivery of its own, right behind its loss', () => {
    const pair = new Pair(['A', 'B'], nothingRetained).ready()
    pair.publish(['A'], ['A', 'B'], ['A'])
    pair.deliver(isBatchOf('B'))
    pair.pass(1000)
    expect(pair.order).toEqual(['lost B1..1', 'A1', 'A2', 'A3'])
    expect(pair.got.map(({ updates, incomplete }) => [updates[0]?.sequence, incomplete])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ])
  })
})

describe('a loss inside of a parcel', () => {
  /** One parcel with a batch for each of these records: each has other fields. */
  function parcelOf(...commits: (readonly object[])[]): Pair {
    return publishedBy(new Pair(['A', 'B']).ready(), commits)
  }
  function publishedBy(pair: Pair, commits: readonly (readonly object[])[]): Pair {
    for (const records of commits)
      pair.publisher.publish(records.map((record) => ({ table: 'A', kind: 'insert', record })))
    pair.publisher.closeTurn(pair.now, pair.now)
    return pair
  }
  const shapes = [{ a: 1 }, { b: 'x' }, { c: true }]

  it('D9: is told behind the commits that precede it and before those that follow', () => {
    const pair = parcelOf(...shapes.map((record) => [record]))
    pair.deliver((_, index) => index === 1)
    expect(pair.order).toEqual([])
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 3 }] })
    expect(pair.order).toEqual(['A1', 'lost A2..2', 'A3'])
  })

  it('D9: is told behind them at the end, too', () => {
    const pair = parcelOf(...shapes.map((record) => [record]))
    pair.deliver((_, index) => index === 2)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 3 }] })
    expect(pair.order).toEqual(['A1', 'A2', 'lost A3..3'])
  })

  it('D9: is told so where the rows cannot be read', () => {
    const pair = parcelOf(...shapes.map((record) => [record]))
    const [first, second, third] = pair.wire as BatchMessage[]
    if (!first || !second || !third) throw new Error('no batches')
    const damaged = { ...second, payload: second.payload.subarray(0, 20) }
    for (const message of [first, damaged, third]) pair.subscription.onMessage(message, pair.now)
    expect(pair.order).toEqual(['A1', 'lost A2..2', 'A3'])
  })

  it('D10: is told before the commit that it cuts, and behind those before', () => {
    const pair = parcelOf([{ a: 1 }], [{ a: 2 }, { b: 'x' }], [{ c: true }])
    const batches = pair.wire.map((message) => (message as BatchMessage).count)
    expect(batches).toEqual([2, 1, 1])
    pair.deliver((_, index) => index === 1)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 4 }] })
    expect(pair.order).toEqual(['A1', 'lost A3..3', 'A2', 'A4'])
    expect(pair.got.map(({ incomplete }) => incomplete)).toEqual([false, true, false])
  })

  it('D10: is told before the commit that it cuts, whatever of that the filter keeps back', () => {
    const reader = new RowReader({ where: new RecordTest({ keep: { not: 0 } }) })
    const commits = [[{ keep: 1 }, { keep: 0 }, { b: 'x' }], [{ keep: 1 }]]
    const pair = publishedBy(new Pair(['A'], { reader }).ready(), commits)
    pair.deliver((_, index) => index === 1)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 4 }] })
    expect(pair.order).toEqual(['lost A3..4', 'A1'])
  })

  it('D10: is told before the commit that it cuts, where two losses adjoin', () => {
    const pair = parcelOf([{ a: 1 }, { b: 'x' }, { c: true }], [{ c: true }])
    const damaged = (message: Message) =>
      isBatchOf('A')(message) && (message as BatchMessage).first > 1
    for (const message of pair.wire as BatchMessage[])
      pair.subscription.onMessage(
        damaged(message) ? { ...message, payload: message.payload.subarray(0, 20) } : message,
        pair.now,
      )
    expect(pair.order).toEqual(['lost A2..2', 'lost A3..4', 'A1'])
  })

  it('D10: is told before the commit that it cuts, where what precedes that is lost too', () => {
    const pair = parcelOf([{ c: true }], [{ a: 1 }, { b: 'x' }])
    pair.deliver((_, index) => index === 0 || index === 2)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 3 }] })
    expect(pair.order).toEqual(['lost A1..1', 'lost A3..3', 'A2'])
    expect(pair.got.map(({ incomplete }) => incomplete)).toEqual([true])
  })

  it('D9: is told behind a commit that another loss has cut', () => {
    const pair = parcelOf([{ a: 1 }, { b: 'x' }], [{ c: true }], [{ d: 5n }])
    pair.deliver((_, index) => index === 0 || index === 2)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 4 }] })
    expect(pair.order).toEqual(['lost A1..1', 'A2', 'lost A3..3', 'A4'])
  })

  it.each([
    ['in the middle', 1, 0],
    ['at the end', 2, 0],
  ])('D19: counts as delivered only with the updates before it: %s', (_, lost, before) => {
    const consumed: number[] = []
    const pair = parcelOf(...shapes.map((record) => [record]))
    const { losses } = pair
    pair.deliver((_message, index) => index === lost)
    const push = losses.push.bind(losses)
    losses.push = (...lost) => {
      consumed.push(pair.subscription.confirmed(incarnation)[0]?.last ?? -1)
      return push(...lost)
    }
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 3 }] })
    expect(consumed).toEqual([before])
    expect(pair.subscription.confirmed(incarnation)[0]).toEqual({ table: 'A', last: 3 })
  })
})

describe('batches that are held', () => {
  it('D6: are known without a look at each of them, however many they are', () => {
    const pair = new Pair(['A']).ready()
    pair.hasRoom = false
    const lookedAt = { count: 0 }
    const most = 2_000
    for (let index = 0; index < most; index++) pair.publish(['A'])
    const counted = pair.wire.map((message) => countingLooks(message as BatchMessage, lookedAt))
    pair.wire = []
    for (const message of counted) pair.subscription.onMessage(message, pair.now)
    expect(lookedAt.count / most).toBeLessThan(100)
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    expect(pair.received).toHaveLength(most)
    expect(lookedAt.count / most).toBeLessThan(200)
  })

  it('D6: keep the one that has more of two that overlap', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.wire = []
    for (let index = 0; index < 3; index++) pair.publisher.publish(insert)
    pair.publisher.closeTurn(pair.now, pair.now)
    const [three] = pair.wire as [BatchMessage]
    expect(three).toMatchObject({ first: 2, count: 3 })
    pair.deliver()
    const { heldBytes } = pair.subscription
    expect(heldBytes).toBe(three.frame.byteLength)
    pair.subscription.onMessage(three, pair.now)
    expect(pair.subscription.heldBytes).toBe(heldBytes)
    pair.pass(500)
    expect(pair.received).toEqual(['A1', 'A2', 'A3', 'A4'])
    expect(pair.subscription.heldBytes).toBe(0)
  })
})

describe('what was reported lost', () => {
  it('D7: is not delivered when it comes after all', () => {
    const pair = new Pair(['A'], nothingRetained).ready()
    pair.publish(['A'])
    pair.publish(['A'])
    const [late] = pair.wire
    pair.deliver((_, index) => index === 0)
    pair.pass(1000)
    expect(pair.order).toEqual(['lost A1..1', 'A2'])
    pair.subscription.onMessage(late as Message, pair.now)
    pair.pass(1000)
    expect(pair.order).toEqual(['lost A1..1', 'A2'])
  })
})

describe('a batch whose rows cannot be read', () => {
  it.each([true, false])('D8: is a loss of exactly its range (held before: %s)', (isHeld) => {
    const pair = new Pair(['A']).ready()
    for (let index = 0; index < 3; index++) pair.publish(['A'])
    const [first, second, third] = pair.wire as BatchMessage[]
    if (!first || !second || !third) throw new Error('no batches')
    const damaged = { ...second, payload: second.payload.subarray(0, 20) }
    const messages = isHeld ? [damaged, third, first] : [first, damaged, third]
    for (const message of messages) pair.subscription.onMessage(message, pair.now)
    expect(pair.order).toEqual(['A1', 'lost A2..2', 'A3'])
    expect(pair.losses).toMatchObject([{ reason: 'malformed' }])
    expect(pair.events).toContainEqual({ type: 'refused', reason: 'malformed', count: 1 })
  })
})

describe('over the budget of held bytes', () => {
  it('D21: the newest parcels are let go and become gaps again', () => {
    const pair = new Pair(['A']).ready()
    for (let index = 0; index < 6; index++) pair.publish(['A'])
    pair.deliver((_, index) => index === 0)
    const { heldBytes } = pair.subscription
    pair.subscription.letGo(heldBytes / 2)
    expect(pair.subscription.heldBytes).toBeLessThanOrEqual(heldBytes / 2)
    expect(pair.subscription.heldBytes).toBeGreaterThan(0)
    pair.pass(200)
    expect(pair.requestsOf('replay')[0]).toMatchObject({ from: 1, to: 1 })
    pair.pass(500)
    expect(pair.received).toEqual(['A1', 'A2', 'A3', 'A4', 'A5', 'A6'])
    expect(pair.requestsOf('replay')[1]?.from).toBeGreaterThan(2)
    expect(pair.subscription.heldBytes).toBe(0)
  })
})
