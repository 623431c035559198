import { describe, expect, it } from 'vitest'
import type { Message } from '../model/message.ts'
import { everything, identity, isBatch, Pair } from '../../test/harness/pair.ts'

const isHeartbeat = ({ kind }: Message) => kind === 'heartbeat'
const last = [{ table: 'A', last: 2 }]

describe('a publisher that leaves', () => {
  it('D20: is asked for what is missing, by its word on the roster', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'], ['A'])
    pair.deliver(isBatch)
    pair.roster({ state: 'leaving', last })
    pair.pass(500, isHeartbeat)
    expect(pair.order).toEqual(['A1', 'A2'])
  })

  it('D20: is asked for what is missing, by its word on the wire', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'], ['A'])
    pair.publisher.leave(pair.now, 0, 2000, () => undefined)
    pair.deliver((message) => isBatch(message) || isHeartbeat(message))
    pair.pass(500, isHeartbeat)
    expect(pair.order).toEqual(['A1', 'A2'])
  })

  it('D20: is finished when it has ended: nothing of it counts any more', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.publish(['A'])
    const [, late] = pair.wire
    pair.deliver((_, index) => index === 1)
    pair.roster({ state: 'ended', last })
    expect(pair.told('publisher-finished')).toBe(1)
    pair.subscription.onMessage(late as Message, pair.now)
    pair.pass(15_000, everything)
    expect(pair.order).toEqual(['A1', 'lost A2..2'])
    expect(pair.told('publisher-finished')).toBe(1)
    expect(pair.told('publisher-live') + pair.told('publisher-gone')).toBe(0)
  })

  it('is named in losses and events by its four fields, and by nothing else that the roster has', () => {
    const pair = new Pair(['A'])
    pair.roster()
    pair.roster({ state: 'ended', last })
    const { incarnation } = identity
    const named = { node: 'n', process: 'p', instance: '', incarnation }
    expect(pair.losses.map(({ publisher }) => publisher)).toEqual([named])
    expect(pair.events).toContainEqual({ type: 'publisher-finished', publisher: named })
  })
})

describe('a publisher that falls silent after it has said its last numbers', () => {
  const tables = ['A', 'B'] as const

  it.each([
    ['any table', '*'],
    ['two tables', tables],
  ] as const)('D20: leaves no open loss in %s where all of them are here', (_, wanted) => {
    const pair = new Pair(wanted).ready()
    pair.publish(['A'], ['A'])
    pair.deliver()
    pair.roster({ publishes: ['A', 'B'], state: 'leaving', last })
    pair.pass(11_000, everything)
    expect(pair.told('publisher-gone')).toBe(1)
    pair.roster({ publishes: ['A', 'B'], state: 'gone', last })
    pair.roster({ publishes: ['A', 'B'], state: 'ended', last: null })
    pair.roster({ publishes: ['A', 'B'], state: 'ended', last })
    expect(pair.order).toEqual(['A1', 'A2'])
    expect(pair.told('publisher-finished')).toBe(1)
  })

  it('D20: leaves none by its word on the wire either', () => {
    const pair = new Pair(tables).ready()
    pair.publish(['A'])
    pair.publisher.leave(pair.now, 0, 2000, () => undefined)
    pair.deliver()
    pair.pass(11_000, everything)
    expect(pair.told('publisher-gone')).toBe(1)
    expect(pair.order).toEqual(['A1'])
  })

  it('D20: leaves one in each table that lacks something, and its end is told', () => {
    const pair = new Pair(tables).ready()
    const lasts = [...last, { table: 'B', last: 1 }]
    pair.publish(['B'])
    pair.deliver()
    pair.publish(['A'], ['A'])
    pair.deliver(isBatch)
    pair.roster({ publishes: ['A', 'B'], state: 'leaving', last: lasts })
    pair.pass(11_000, everything)
    expect(pair.order).toEqual(['B1', 'lost A1..null'])
    pair.roster({ publishes: ['A', 'B'], state: 'ended', last: lasts })
    expect(pair.order).toEqual(['B1', 'lost A1..null', 'lost A1..2'])
  })

  it('D20: leaves none in a table of which all is here and waits for the application', () => {
    const pair = new Pair(['A']).ready()
    pair.hasRoom = false
    pair.publish(['A'], ['A'])
    pair.deliver()
    pair.roster({ state: 'leaving', last })
    pair.pass(11_000, everything)
    expect(pair.order).toEqual([])
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    expect(pair.order).toEqual(['A1', 'A2'])
  })

  it('D20: is heard again, and confirms what is here', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'], ['A'])
    pair.deliver()
    pair.roster({ state: 'leaving', last })
    pair.pass(11_000, everything)
    pair.pass(3_000)
    expect(pair.told('publisher-live')).toBe(1)
    expect(pair.subscription.confirmed(identity.incarnation)).toEqual(last)
    expect(pair.order).toEqual(['A1', 'A2'])
  })

  it('D20: leaves one where a last number cannot be believed', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.roster({ state: 'leaving', last: [{ table: 'A', last: 2 ** 40 }] })
    pair.pass(11_000, everything)
    expect(pair.order).toEqual(['A1', 'lost A2..null'])
  })
})
