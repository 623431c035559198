import { describe, expect, it } from 'vitest'
import { everything, Pair } from '../../test/harness/pair.ts'

describe('a publisher that has finished while the application is slow', () => {
  it('D19: leaves an exact loss where what is held of it has to be let go', () => {
    const pair = new Pair(['A']).ready()
    pair.hasRoom = false
    for (let parcel = 0; parcel < 3; parcel++) pair.publish(['A'])
    pair.deliver()
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 3 }] })
    pair.subscription.letGo(1)
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    pair.pass(300)
    expect(pair.order).toEqual(['A1', 'lost A2..3'])
  })
})

describe('a publisher that is gone while the application is slow', () => {
  it.each([
    ['silent', null],
    ['dead', { state: 'ended', last: null, publishes: ['A', 'B'] }],
  ] as const)(
    'D20: has its open losses told behind what is held, once, and they stay open: %s',
    (_, entry) => {
      const pair = new Pair(['A', 'B']).ready()
      pair.hasRoom = false
      pair.publish(['A'])
      pair.publish(['A'])
      pair.deliver()
      if (entry) pair.roster(entry)
      pair.pass(11_000, everything)
      expect(pair.told('publisher-gone')).toBe(1)
      expect(pair.order).toEqual(['lost B1..null'])
      pair.hasRoom = true
      pair.subscription.onRoom(pair.now)
      pair.pass(11_000, everything)
      expect(pair.order).toEqual(['lost B1..null', 'A1', 'A2', 'lost A3..null'])
      expect(pair.told('publisher-gone')).toBe(1)
    },
  )
})

describe('a publisher that is gone, of which held parcels are let go', () => {
  it('D20: has its open loss told from the first of them on', () => {
    const pair = new Pair(['A', 'B']).ready()
    pair.hasRoom = false
    pair.publish(['A'])
    pair.publish(['A'])
    pair.publish(['A', 'B'])
    pair.deliver((message) => message.kind === 'batch' && message.first === 3)
    pair.roster({ state: 'ended', publishes: ['A', 'B'], last: null })
    pair.subscription.letGo(1)
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    pair.pass(1000, everything)
    expect(pair.order.filter((told) => told.includes('A'))).toEqual(['A1', 'lost A2..null'])
    expect(pair.order.at(0)).toMatch(/lost B1/)
  })
})

describe('a publisher that is gone, where all tables are wanted', () => {
  it('D20: leaves the open loss in any table behind all that is held', () => {
    const pair = new Pair('*').ready()
    pair.hasRoom = false
    pair.publish(['A'])
    pair.publish(['A'])
    pair.deliver()
    pair.pass(11_000, everything)
    expect(pair.order).toEqual([])
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    expect(pair.order).toEqual(['A1', 'A2', 'lost A3..null', 'lost nullnull..null'])
  })
})
