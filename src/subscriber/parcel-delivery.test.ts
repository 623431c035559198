import { describe, expect, it } from 'vitest'
import type { BatchMessage, Message } from '../model/message.ts'
import { Pair } from '../../test/harness/pair.ts'

const isBatchOf = (table: string) => (message: Message) =>
  message.kind === 'batch' && message.table === table
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
