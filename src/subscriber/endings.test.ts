import { describe, expect, it } from 'vitest'
import { everything, identity, Pair, subscriber } from '../../test/harness/pair.ts'

const last = [{ table: 'A', last: 2 }]

describe('the process itself', () => {
  it('D24: is told nothing lost of its own when the roster takes it for dead, or out of touch', () => {
    const pair = new Pair(['A']).ready()
    const own = { incarnation: subscriber }
    pair.roster(own)
    pair.roster({ ...own, state: 'gone' })
    pair.roster({ ...own, state: 'ended' })
    pair.pass(2_000)
    expect(pair.order).toEqual([])
    expect(pair.told('publisher-gone')).toBe(0)
  })
})

describe('publishers that are over', () => {
  const named = (number: number) => ({ incarnation: number.toString(16).padStart(32, '0') })

  it('D21: who may return is remembered whatever the number, and goes on where it was', () => {
    const pair = new Pair(['A'], { subscriber: { tombstones: 10 } }).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.roster({ state: 'gone' })
    pair.pass(15_000, everything)
    for (let number = 1; number <= 50; number += 1) {
      pair.roster({ ...named(number), state: 'alive' })
      pair.roster({ ...named(number), state: 'ended', last })
    }
    pair.pass(1_000, everything)
    pair.roster({ state: 'alive' })
    pair.publish(['A'])
    pair.pass(3_000)
    expect(pair.received).toEqual(['A1', 'A2'])
  })

  it('D21: are remembered without their streams once everything of them is delivered', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'], ['A'])
    pair.hasRoom = false
    pair.deliver()
    pair.roster({ state: 'ended', last })
    pair.pass(300)
    expect(pair.subscription.sources.get(identity.incarnation)?.streams.size).toBe(1)
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    pair.pass(300)
    expect(pair.order).toEqual(['A1', 'A2'])
    expect(pair.subscription.sources.get(identity.incarnation)?.streams.size).toBe(0)
  })

  it('D21: are remembered up to a number, the latest', () => {
    const pair = new Pair(['A'], { subscriber: { tombstones: 10 } }).ready()
    for (let number = 1; number <= 30; number++) {
      const state = 'ended' as const
      pair.roster({ ...named(number), state, last: number % 2 === 0 ? last : null })
    }
    pair.pass(200)
    const { sources } = pair.subscription
    expect(sources.size).toBe(10)
    expect(sources.has(named(30).incarnation)).toBe(true)
    expect(sources.has(identity.incarnation)).toBe(true)
  })
})

describe('a publisher that is gone', () => {
  it('D20: leaves an open loss in each table of the subscription', () => {
    const pair = new Pair(['A', 'B', 'C']).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.pass(11_000, everything)
    pair.roster({ state: 'ended', last: null })
    expect(pair.order).toEqual(['A1', 'lost A2..null', 'lost B1..null', 'lost C1..null'])
    expect(pair.losses.map(({ reason }) => reason)).toEqual(['gone', 'gone', 'gone'])
  })

  it('D20: that died leaves open losses in the tables alone that its node knew it to publish', () => {
    const dead = { state: 'ended', last: null, publishes: ['A', 'Z'] } as const
    const some = new Pair(['B', 'A', 'C']).ready()
    some.roster(dead)
    some.roster({ ...dead, incarnation: '1'.repeat(32) })
    expect(some.order).toEqual(['lost A1..null', 'lost Anull..null'])
    const other = new Pair(['B']).ready()
    other.roster(dead)
    other.pass(15_000, everything)
    expect(other.order).toEqual([])
    const all = new Pair('*').ready()
    all.roster(dead)
    expect(all.order).toEqual(['lost A1..null', 'lost Z1..null'])
  })

  it.each([
    ['of which nothing is heard', (pair: Pair) => pair.pass(15_000, everything)],
    ['that has died', (pair: Pair) => pair.roster({ state: 'ended', last: null })],
    ['that has ended', (pair: Pair) => pair.roster({ state: 'ended', last })],
  ])('D16: %s is not behind any more', (_, end) => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.publish(['A'])
    pair.deliver((_message, index) => index === 0)
    pair.pass(1_000, everything)
    expect([pair.told('behind'), pair.told('repaired')]).toEqual([1, 0])
    end(pair)
    pair.pass(15_000, everything)
    expect([pair.told('behind'), pair.told('repaired')]).toEqual([1, 1])
  })

  it('D20: that is gone again leaves its open loss from the first gap on, whatever was lost behind it', () => {
    const pair = new Pair(['A']).ready()
    pair.hasRoom = false
    for (let sequence = 1; sequence <= 5; sequence++) pair.publish(['A'])
    pair.deliver((_, index) => index === 1 || index === 3)
    // Taken for dead, so that 2 and 4 are lost; then it is heard, and what is held is let go for want of memory.
    pair.roster({ state: 'ended', last: null })
    pair.pass(2_000, ({ kind }) => kind !== 'heartbeat')
    pair.subscription.letGo(0)
    pair.hasRoom = true
    pair.subscription.onRoom(pair.now)
    expect(pair.order).toEqual(['A1', 'lost A2..2'])
    pair.pass(15_000, everything)
    expect(pair.order).toEqual(['A1', 'lost A2..2', 'lost A3..null'])
  })

  it('D20: that died leaves an open loss where something of it came, whatever its node knew', () => {
    const pair = new Pair(['A', 'B']).ready()
    pair.publish(['B'])
    pair.deliver()
    pair.roster({ state: 'ended', last: null })
    expect(pair.order).toEqual(['B1', 'lost B2..null', 'lost A1..null'])
  })

  it('D20: leaves an open loss in each table once it fell silent after its node took it for dead', () => {
    const pair = new Pair(['A', 'B', 'C']).ready()
    pair.roster({ state: 'ended', last: null })
    expect(pair.order).toEqual(['lost A1..null'])
    pair.publish(['B'])
    pair.pass(3000)
    pair.order.length = 0
    pair.pass(11_000, everything)
    expect(pair.order).toEqual(['lost B2..null', 'lost A1..null', 'lost C1..null'])
  })

  it('D20: leaves an open loss in each table where its node can only say that it is out of touch, or not what it published', () => {
    const silent = new Pair(['A', 'B']).ready()
    silent.roster({ state: 'gone' })
    silent.pass(11_000, everything)
    expect(silent.order).toEqual(['lost A1..null', 'lost B1..null'])
    const unheard = new Pair(['A', 'B']).ready()
    unheard.roster({ state: 'ended', last: null, publishes: [], subscribes: [] })
    expect(unheard.order).toEqual(['lost A1..null', 'lost B1..null'])
  })

  it('D20: leaves an open loss in each table that it published, and one in any, where all are wanted', () => {
    const pair = new Pair('*').ready()
    pair.publish(['A'])
    pair.deliver()
    pair.roster({ state: 'alive', publishes: ['A', 'Z'] })
    pair.pass(11_000, everything)
    expect(pair.order).toEqual(['A1', 'lost A2..null', 'lost Z1..null', 'lost nullnull..null'])
  })

  it('D20: has its open loss in any table ended when it is heard again, with those of tables it never published', () => {
    const pair = new Pair('*').ready()
    pair.publish(['A'])
    pair.deliver()
    pair.roster({ state: 'alive', publishes: ['A', 'Z'] })
    pair.publish(['A'])
    pair.publish(['NEW'])
    pair.pass(11_000, everything)
    pair.order.length = 0
    pair.pass(3000)
    const told = ['lost A2..1', 'lost Z1..0', 'lost null1..0', 'A2', 'NEW1']
    expect([...pair.order].sort()).toEqual([...told].sort())
    for (const loss of pair.losses.filter(({ to }) => to !== null))
      expect(loss).toMatchObject({ ends: true, publisher: identity })
    pair.pass(11_000, everything)
    expect(pair.order.slice(told.length)).toEqual([
      'lost A3..null',
      'lost NEW2..null',
      'lost Z1..null',
      'lost nullnull..null',
    ])
  })

  it('D20: that comes back before `ready` owes what is in tables that nobody knew of', () => {
    const pair = new Pair('*')
    pair.roster({}, false)
    pair.publish(['A'], ['NEW'])
    pair.pass(5_000, everything)
    // For this one `ready` waits meanwhile.
    pair.roster({ incarnation: 'f'.repeat(32) })
    pair.pass(6_000, everything)
    expect(pair.order).toEqual(['lost Anull..null', 'lost nullnull..null'])
    pair.pass(2_000)
    expect(pair.isReady).toBe(false)
    expect(pair.order.slice(2)).toEqual(['lost A1..0', 'lost null1..0', 'A1', 'NEW1'])
  })

  it('D20: has its open loss in any table ended when it ends in good order after all', () => {
    const pair = new Pair('*').ready()
    pair.pass(11_000, everything)
    pair.roster({ state: 'ended', last })
    expect(pair.order.slice(-2)).toEqual(['lost A1..2', 'lost null1..0'])
    expect(pair.losses.at(-1)).toMatchObject({ table: null, ends: true, reason: 'ended' })
  })

  it('D9: gives its losses of all tables as one delivery', () => {
    const tables = ['A', 'B', 'C']
    const pair = new Pair(tables).ready()
    pair.publish(tables)
    pair.deliver()
    pair.pass(11_000, everything)
    expect(pair.lossDeliveries).toEqual([3])
    pair.pass(3000)
    expect(pair.lossDeliveries).toEqual([3, 3])
  })

  it('D20: leaves open losses when it died before its node knew that it publishes', () => {
    const early = { incarnation: '1'.repeat(32), publishes: [], subscribes: [] }
    const pair = new Pair(['A']).ready()
    pair.roster({ ...early, state: 'alive' })
    expect(pair.order).toEqual([])
    pair.roster({ ...early, state: 'ended', last: null })
    expect(pair.order).toEqual(['lost Anull..null'])
  })

  it('D20: leaves nothing when it only subscribed, or is GENESIS_CLUSTER', () => {
    const dead = { publishes: [], state: 'ended', last: null } as const
    const pair = new Pair(['A']).ready()
    pair.roster({ ...dead, incarnation: '1'.repeat(32), subscribes: ['A'] })
    pair.roster({ ...dead, incarnation: '2'.repeat(32), subscribes: [], role: 'cluster' })
    expect(pair.order).toEqual([])
  })

  it('D20: is told once', () => {
    const pair = new Pair(['A']).ready()
    pair.pass(11_000, everything)
    pair.roster({ state: 'gone' })
    pair.roster({ state: 'ended', last: null })
    pair.pass(11_000, everything)
    expect(pair.order).toEqual(['lost A1..null'])
  })

  it('D20: is told once for each table, also when the roster names more tables', () => {
    const pair = new Pair('*').ready()
    pair.publish(['A'])
    pair.deliver()
    pair.pass(11_000, everything)
    pair.roster({ state: 'ended', last: null, publishes: ['A', 'Z'] })
    const told = pair.order.filter((each) => /^lost [A-Z]\d/.test(each))
    expect(told).toEqual(['lost A2..null', 'lost Z1..null'])
  })

  it('D20: is gone again when it is heard again and falls silent again', () => {
    const pair = new Pair(['A']).ready()
    pair.pass(11_000, everything)
    pair.pass(3000)
    pair.publish(['A'])
    pair.deliver()
    pair.pass(11_000, everything)
    expect(pair.order).toEqual(['lost A1..null', 'lost A1..0', 'A1', 'lost A2..null'])
  })

  it('D20: has its open loss closed by its vector where nothing came after it', () => {
    const pair = new Pair(['A']).ready()
    pair.pass(11_000, everything)
    pair.pass(3000)
    expect(pair.order).toEqual(['lost A1..null', 'lost A1..0'])
    expect(pair.losses[1]).toMatchObject({ ends: true })
  })

  it('D20: has its open loss closed by its vector where nothing came after what is here', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.pass(11_000, everything)
    pair.pass(3000)
    expect(pair.order).toEqual(['A1', 'lost A2..null', 'lost A2..1'])
  })

  it('D20: has its open loss closed when it ends in good order with what is here', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.pass(11_000, everything)
    pair.roster({ state: 'ended', last: [{ table: 'A', last: 1 }] })
    expect(pair.order).toEqual(['A1', 'lost A2..null', 'lost A2..1'])
  })

  it('D20: is gone by its silence, whatever the roster says', () => {
    const pair = new Pair(['A']).ready()
    pair.pass(9000, everything)
    pair.roster({ state: 'alive' })
    expect(pair.told('publisher-gone')).toBe(0)
    pair.pass(2000, everything)
    expect(pair.told('publisher-gone')).toBe(1)
  })

  it('D20: has its open loss closed by what comes out of retention when it is heard again', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    pair.deliver()
    pair.publish(['A'], ['A'])
    pair.pass(11_000, everything)
    pair.pass(3000)
    expect(pair.order).toEqual(['A1', 'lost A2..null', 'lost A2..1', 'A2', 'A3'])
    expect(pair.losses.map(({ ends }) => ends)).toEqual([undefined, true])
  })

  it('D20: has its open loss closed exactly where retention has let go', () => {
    const limits = { publisher: { retentionBytes: 1, reserveUpdates: 1, reserveBytes: 1e6 } }
    const pair = new Pair(['A'], limits).ready()
    for (let index = 0; index < 3; index++) pair.publish(['A'])
    pair.pass(11_000, everything)
    pair.pass(3000)
    expect(pair.order).toEqual(['lost A1..null', 'lost A1..2', 'A3'])
    expect(pair.losses[1]).toMatchObject({ ends: true, reason: 'evicted' })
  })

  it('D20: has its open losses closed in each table when it ends in good order after all', () => {
    const pair = new Pair(['A', 'B']).ready()
    pair.pass(11_000, everything)
    pair.roster({ state: 'ended', last })
    expect(pair.order).toEqual(['lost A1..null', 'lost B1..null', 'lost A1..2', 'lost B1..0'])
    for (const loss of pair.losses.slice(2))
      expect(loss).toMatchObject({ ends: true, reason: 'ended', publisher: identity })
  })

  it('D20: is asked again when the roster calls it alive after it had called it gone', () => {
    const pair = new Pair(['A']).ready()
    pair.pass(11_000, everything)
    pair.roster({ state: 'gone' })
    pair.pass(5000, everything)
    const since = pair.now
    pair.pass(3000, everything)
    expect(pair.requestsOf('sync', since)).toEqual([])
    pair.roster({ state: 'alive' })
    pair.pass(3000, everything)
    expect(pair.requestsOf('sync', since).length).toBeGreaterThan(0)
  })
})

describe('a publisher that died', () => {
  it('D21: is looked at no longer, whatever it was behind with', () => {
    for (const withGap of [false, true]) {
      const pair = new Pair(['A', 'B']).ready()
      pair.roster({ publishes: ['A', 'B'] })
      pair.publish(['A', 'B'])
      pair.deliver((message) => withGap && message.kind === 'batch' && message.table === 'A')
      const [source] = pair.subscription.sources.values()
      expect(source?.behind.size).toBeGreaterThan(0)
      pair.roster({ publishes: ['A', 'B'], state: 'ended', last: null })
      pair.pass(1000, everything)
      expect(source?.state).toBe('gone')
      expect(source?.isOpen).toBe(false)
      if (!withGap) continue
      pair.publish(['B'])
      pair.deliver()
      pair.pass(2_000)
      expect(pair.received).toEqual(['B1', 'B2'])
    }
  })
})
