// What is done for a frame, and what is kept of a publisher, does not grow with what else there is. Counted, not timed.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { BatchMessage } from '../model/message.ts'
import { everything, Pair } from '../../test/harness/pair.ts'
import { GapRepair } from './gap-repair.ts'
import { LostRanges } from './lost-ranges.ts'
import { OpenLosses } from './open-losses.ts'
import { Source } from './source.ts'
import { SubscribedStream } from './subscribed-stream.ts'
import { defaultSubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

const tablesOf = (count: number) => Array.from({ length: count }, (_, index) => `T${index}`)
const named = (number: number) => ({ incarnation: number.toString(16).padStart(32, '0') })

afterEach(() => void vi.restoreAllMocks())

describe('a sync of many tables', () => {
  it('D15: looks at a stream for its own mark, not for that of each other', () => {
    const tables = tablesOf(512)
    const looks = vi.spyOn(SubscribedStream.prototype, 'gap')
    const pair = new Pair(tables).ready()
    expect(pair.asked.filter(({ request }) => request.kind === 'sync')).toHaveLength(1)
    expect(looks.mock.calls.length).toBeLessThan(4 * tables.length)
  })

  it('D15: looks at a few publishers for each answer of many', () => {
    const pair = new Pair(tablesOf(20))
    for (let number = 1; number <= 50; number++) {
      pair.addPublisher(named(number))
      pair.roster(named(number), false)
    }
    const looks = vi.spyOn(Source.prototype, 'isOver', 'get')
    let answers = 0
    pair.ready()
    answers += 51 * 21
    expect(looks.mock.calls.length).toBeLessThan(10 * answers)
  })
})

describe('a subscription to many tables', () => {
  it('D13: does not go through the list of them for each table that a message names', () => {
    const named = tablesOf(512)
    let looks = 0
    const tables = new Proxy(named, {
      get(list, key, receiver): unknown {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks++
        return Reflect.get(list, key, receiver)
      },
    })
    const pair = new Pair(tables).ready()
    for (let from = 0; from < named.length; from += 64) pair.publish(named.slice(from, from + 64))
    looks = 0
    pair.deliver()
    expect(pair.received).toHaveLength(named.length)
    expect(looks).toBe(0)
  })
})

describe('a publisher that has ended', () => {
  it('D21: costs nothing for what another one sends', () => {
    const pair = new Pair(['A']).ready()
    const last = [{ table: 'A', last: 0 }]
    for (let number = 1; number <= 500; number++)
      pair.roster({ ...named(number), state: 'ended', last })
    pair.pass(100)
    let looks = 0
    for (const source of pair.subscription.sources.values()) {
      if (source.state !== 'finished') continue
      for (const name of ['pending', 'isOpen', 'isSettled'] as const) {
        const value = source[name]
        const get = () => {
          looks++
          return value
        }
        Object.defineProperty(source, name, { get })
      }
    }
    for (let index = 0; index < 100; index++) pair.publish(['A'])
    pair.deliver()
    for (let index = 0; index < 100; index++) pair.subscription.onRoom(pair.now)
    expect(pair.received).toHaveLength(100)
    expect(looks).toBe(0)
  })
})

describe('a script that was killed', () => {
  it('D21: is remembered without a stream or a topic for each table of the subscription', () => {
    const tables = tablesOf(200)
    const pair = new Pair(tables).ready()
    for (let number = 1; number <= 100; number++) {
      pair.roster({ ...named(number), publishes: [], subscribes: [] })
      pair.roster({ ...named(number), publishes: [], state: 'ended', last: null })
    }
    pair.pass(200)
    expect(pair.losses).toHaveLength(100 * 200)
    let kept = 0
    for (const [incarnation, { streams, unproven, behind }] of pair.subscription.sources)
      if (incarnation !== pair.publisher.identity.incarnation)
        kept += streams.size + unproven.size + behind.size
    expect(kept).toBe(0)
  })

  /** All lists and sets of tables that are kept of publishers that are over. */
  const keptTables = (pair: Pair) => {
    const kept = new Set<Iterable<string>>()
    for (const [incarnation, { entry, openLosses }] of pair.subscription.sources) {
      if (incarnation === pair.publisher.identity.incarnation) continue
      for (const tables of [entry?.publishes, openLosses.onlyTables, openLosses.toldIn])
        if (tables && [...tables].length > 0) kept.add(tables)
    }
    return kept.size
  }

  it('D21: is remembered without tables of its own where another one had the same', () => {
    const tables = tablesOf(200)
    for (const wanted of ['*', tables, tables.slice(100)] as const) {
      const pair = new Pair(wanted).ready()
      for (let number = 1; number <= 30; number++) {
        // As many messages would name them.
        const script = { ...named(number), publishes: tables.toSpliced(0, 0), subscribes: [] }
        pair.roster(script)
        if (number % 3 === 0) pair.roster({ ...script, state: 'gone' })
        pair.roster({ ...script, state: 'ended', publishes: tables.toReversed() })
      }
      pair.pass(200)
      expect(pair.losses).toHaveLength(30 * (wanted === '*' ? 200 : wanted.length))
      expect(keptTables(pair)).toBeLessThanOrEqual(2)
    }
  })

  it('D21: is not looked at for tables that are told when time goes by', () => {
    const tables = tablesOf(200)
    const pair = new Pair(tables).ready()
    for (let number = 1; number <= 30; number++)
      pair.roster({ ...named(number), publishes: tables, subscribes: [], state: 'ended' })
    pair.pass(200)
    expect(pair.losses).toHaveLength(30 * 200)
    const looks = vi.spyOn(OpenLosses.prototype, 'toldIn', 'get')
    pair.pass(2000)
    expect(looks).not.toHaveBeenCalled()
  })

  it('D21: or has ended is remembered without what it said of its tables', () => {
    const tables = tablesOf(200)
    const pair = new Pair(tables).ready()
    const last = tables.map((table) => ({ table, last: 0 }))
    for (let number = 1; number <= 30; number++) {
      pair.roster({ ...named(number), publishes: tables, subscribes: [] })
      pair.roster({ ...named(number), publishes: tables, subscribes: [], state: 'ended', last })
    }
    pair.pass(200)
    // It may be said again.
    pair.roster({ ...named(1), publishes: tables, subscribes: [], state: 'ended', last })
    expect(pair.told('publisher-finished')).toBe(30)
    expect(pair.subscription.sources.get(named(1).incarnation)?.state).toBe('finished')
    expect(keptTables(pair)).toBe(0)
  })

  it('D21: that answered and published nothing of a table has no stream for it either', () => {
    const pair = new Pair(tablesOf(200)).ready()
    pair.publish(['T7'])
    pair.deliver()
    const [source] = [...pair.subscription.sources.values()]
    expect([...(source?.streams.keys() ?? [])]).toEqual(['T7'])
  })
})

describe('what is held behind a gap', () => {
  it('D13: is not looked at for each part that comes behind it', () => {
    const tables = tablesOf(300)
    const pair = new Pair(tables).ready()
    pair.publish(['T0', 'T1'])
    for (const table of tables) pair.publish([table])
    const looks = vi.spyOn(LostRanges.prototype, 'isEmpty', 'get')
    pair.deliver(
      (message) => message.kind === 'batch' && message.table === 'T0' && message.first === 1,
    )
    expect(pair.received).toEqual([])
    expect(looks.mock.calls.length).toBeLessThan(20 * tables.length)
    pair.pass(1000)
    const rest = tables.map((table, index) => `${table}${index < 2 ? 2 : 1}`)
    // In one name table and number run together: T01 is the first of T0.
    expect(pair.received).toEqual(['T01', 'T11', ...rest])
  })

  it('D21: is not looked at for each parcel that is let go over the budget', () => {
    const tables = tablesOf(300)
    const pair = new Pair(tables).ready()
    pair.publish(['T0', 'T1'])
    for (const table of tables) pair.publish([table])
    pair.deliver(
      (message) => message.kind === 'batch' && message.table === 'T0' && message.first === 1,
    )
    const looks = vi.spyOn(SubscribedStream.prototype, 'held', 'get')
    for (let parcel = 0; parcel < 200; parcel++) {
      const held = pair.subscription.heldBytes
      pair.subscription.letGo(held - 1)
      expect(pair.subscription.heldBytes).toBeLessThan(held)
    }
    expect(looks.mock.calls.length).toBeLessThan(20 * 200)
    pair.pass(1000)
    expect(pair.received).toHaveLength(302)
  })
})

describe('what was held behind a gap', () => {
  /** How often a stream is asked what it holds, or has lost, from here on. */
  const countLooks = () => {
    const held = vi.spyOn(SubscribedStream.prototype, 'held', 'get')
    const lost = vi.spyOn(SubscribedStream.prototype, 'skipLost')
    return () => held.mock.calls.length + lost.mock.calls.length
  }

  it('D13: is delivered without a look at each stream for each parcel', () => {
    const tables = tablesOf(300)
    const pair = new Pair(tables).ready()
    pair.publish(['T0'])
    const missing = pair.wire.splice(0)
    for (let round = 0; round < 3; round++) for (const table of tables) pair.publish([table])
    pair.deliver()
    expect(pair.received).toEqual([])
    const looks = countLooks()
    pair.wire = missing
    pair.deliver()
    expect(pair.received).toHaveLength(901)
    expect(looks()).toBeLessThan(20 * 901)
  })

  it('D13: is delivered so where something of each stream is lost, too', () => {
    const tables = tablesOf(300)
    const pair = new Pair(tables).ready()
    pair.publish(['T0', 'T1'])
    for (let round = 0; round < 3; round++) for (const table of tables) pair.publish([table])
    pair.deliver((message) => message.kind === 'batch' && isMissing(message))
    expect(pair.received).toEqual([])
    const looks = countLooks()
    const last = tables.map((table, index) => ({ table, last: index < 2 ? 4 : 3 }))
    pair.roster({ publishes: tables, state: 'ended', last })
    expect(pair.received).toHaveLength(1 + 2 * 300)
    expect(pair.losses).toHaveLength(301)
    expect(looks()).toBeLessThan(20 * 900)
  })

  /** The first of T0, which all wait for, and one of each table behind another that is here. */
  const isMissing = ({ table, first }: BatchMessage) => {
    if (table === 'T0' && first === 1) return true
    return first === (table === 'T0' || table === 'T1' ? 3 : 2)
  }

  it('D13: is not moved for each that is taken out', () => {
    const pair = new Pair(['A']).ready()
    pair.publish(['A'])
    const missing = pair.wire.splice(0)
    for (let index = 0; index < 1000; index++) pair.publish(['A'])
    pair.deliver()
    let moved = 0
    const { shift, splice } = Array.prototype
    vi.spyOn(Array.prototype, 'shift').mockImplementation(function (this: unknown[]) {
      moved += this.length
      return shift.call(this)
    })
    vi.spyOn(Array.prototype, 'splice').mockImplementation(function (this: unknown[], ...of) {
      moved += this.length
      return splice.apply(this, of)
    })
    pair.wire = missing
    pair.deliver()
    vi.restoreAllMocks()
    expect(pair.received).toHaveLength(1001)
    expect(moved).toBeLessThan(1001)
  })
})

describe('a gap', () => {
  it('D16: remembers the last of its asks alone', () => {
    let nonce = 0
    const output = {
      nonce: () => ++nonce,
      request: () => undefined,
      event: () => undefined,
      isUnderHalf: () => true,
      wakeWithin: () => undefined,
    } as unknown as SubscriptionOutput
    const repair = new GapRepair('s', ['A'], defaultSubscriberLimits, seededRandom(1), output)
    const source = new Source(
      { node: '', process: '', instance: '', incarnation: 'i' },
      defaultSubscriberLimits,
      0,
    )
    const stream = source.stream('A')
    stream.setBase(0)
    source.reaches(stream, 10)
    for (let now = 0; now < 1_000_000; now += 200) repair.tickAll(source, now)
    expect(nonce).toBeGreaterThan(1000)
    expect(repair.remembered).toBe(16)
    expect(repair.asked(nonce)).toBe(stream)
  })

  it('D21: of a publisher that died leaves nothing that is remembered of its asks', () => {
    const pair = new Pair(['A'], { subscriber: { tombstones: 10 } })
    const publishers = Array.from({ length: 50 }, (_, number) =>
      pair.addPublisher(named(number + 1)),
    )
    publishers.forEach((_, number) => pair.roster(named(number + 1), false))
    pair.ready()
    for (const publisher of publishers) pair.publishBy(publisher, ['A'])
    pair.wire = []
    for (const publisher of publishers) pair.publishBy(publisher, ['A'])
    pair.deliver()
    const ticks = vi.spyOn(GapRepair.prototype, 'tickAll')
    pair.pass(2000, everything)
    const [repair] = ticks.mock.contexts as [GapRepair]
    expect(repair.remembered).toBeGreaterThanOrEqual(50)
    publishers.forEach((_, number) => pair.roster({ ...named(number + 1), state: 'ended' }))
    pair.pass(1000, everything)
    expect(pair.subscription.sources.size).toBe(10)
    expect(repair.remembered).toBe(0)
  })

  it('D16: that was closed is not looked at any more', () => {
    const tables = tablesOf(100)
    const pair = new Pair(tables).ready()
    pair.publish(tables)
    pair.pass(1000)
    expect(pair.received).toHaveLength(100)
    const looks = vi.spyOn(SubscribedStream.prototype, 'gap')
    pair.pass(1000, everything)
    expect(looks).not.toHaveBeenCalled()
  })
})
