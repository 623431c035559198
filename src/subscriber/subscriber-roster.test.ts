import { beforeEach, describe, expect, it } from 'vitest'
import type { RosterEntry } from '../model/roster-entry.ts'
import { identity } from '../../test/harness/pair.ts'
import { type Application, SubscriberStage } from '../../test/harness/subscriber-stage.ts'

let stage: SubscriberStage

beforeEach(() => {
  stage = new SubscriberStage()
})

describe('a roster that began anew', () => {
  it('D23: is a loss of publishers unknown to whoever knew the old one and was ready', () => {
    const ready = stage.subscribe()
    stage.pass(1000)
    const unready = stage.subscribe()
    stage.roster({ node: 'n', history: 'h' })
    expect(ready.losses).toEqual([])
    stage.roster({ node: 'n', history: 'another' })
    expect(ready.losses).toEqual([
      { table: null, publisher: null, from: null, to: null, reason: 'roster-lost' },
    ])
    stage.roster({ node: 'unknown so far', history: 'x' })
    expect(ready.losses).toHaveLength(1)
    expect(unready.losses).toEqual([])
  })

  it('D23: is a loss also where the roster has forgotten what this process has not seen', () => {
    const ready = stage.subscribe()
    stage.pass(1000)
    const unready = stage.subscribe()
    const change = { entries: [], histories: [], settled: true, unreachable: [] }
    stage.subscriber.onRoster({ ...change, forgot: true }, stage.now)
    const [loss, ...more] = ready.losses
    expect(loss).toMatchObject({ table: null, publisher: null, reason: 'roster-lost' })
    expect([...more, ...unready.losses]).toEqual([])
  })

  it('D23: a new history that has forgotten much is one loss', () => {
    const ready = stage.subscribe()
    stage.pass(1000)
    stage.roster({ node: 'n', history: 'h' })
    const histories = [{ node: 'n', history: 'another' }]
    const change = { entries: [], histories, settled: true, unreachable: [] }
    stage.subscriber.onRoster({ ...change, forgot: true }, stage.now)
    expect(ready.losses).toHaveLength(1)
  })

  it('D23: an older roster does not bring back who has said that it ended', () => {
    stage.publish(3)
    stage.roster({ node: 'n', history: 'h' }, { state: 'ended', last: [{ table: 'A', last: 3 }] })
    const ready = stage.subscribe()
    stage.pass(1000)
    // As a node tells that was started with the file of a backup: it waits for this process in vain.
    stage.roster(
      { node: 'n', history: 'another' },
      { state: 'leaving', last: [{ table: 'A', last: 3 }] },
    )
    stage.roster({ node: 'n', history: 'another' }, { state: 'ended', last: null })
    stage.pass(30_000)
    expect(stage.subscriber.roster.get(identity.incarnation)?.state).toBe('ended')
    expect(ready.losses.map(({ reason }) => reason)).toEqual(['roster-lost'])
  })

  it('D23: lets a process go that the roster lets go', () => {
    const change = { entries: [], histories: [], settled: true, unreachable: [] }
    stage.subscriber.onRoster({ ...change, letGo: [identity.incarnation] }, stage.now)
    expect(stage.subscriber.roster.has(identity.incarnation)).toBe(false)
  })

  it('D21: ended processes are remembered up to a number', () => {
    stage = new SubscriberStage({ tombstones: 10 })
    for (let index = 0; index < 50; index++)
      stage.roster(
        { node: 'n', history: 'h' },
        { state: 'ended', incarnation: String(index).padStart(32, 'e') },
      )
    expect(stage.subscriber.roster.size).toBeLessThanOrEqual(11)
    expect(stage.subscriber.roster.has(identity.incarnation)).toBe(true)
  })

  it('D21: ended processes are remembered without their tables', () => {
    stage = new SubscriberStage()
    const history = { node: 'n', history: 'h' }
    const last = [{ table: 'A', last: 1 }]
    const ended = { state: 'ended', subscribes: ['B'] } as const
    stage.roster(history, { ...ended, incarnation: 'd'.repeat(32), last: null })
    stage.roster(history, { ...ended, incarnation: 'e'.repeat(32), last })
    const lists = { publishes: [], subscribes: [] }
    expect(stage.subscriber.roster.get('d'.repeat(32))).toMatchObject({ ...lists, last: null })
    expect(stage.subscriber.roster.get('e'.repeat(32))).toMatchObject({ ...lists, last: [] })
    expect(stage.subscriber.roster.get(identity.incarnation)?.publishes).toEqual(['A'])
  })
})

describe('a publisher that had ended before a subscription began', () => {
  /** A frame of it comes late, and then nothing more for long enough. */
  function hearLate(ended: Partial<RosterEntry>): Application {
    stage.publish(3)
    stage.roster({ node: 'n', history: 'h' }, { state: 'ended', ...ended })
    const application = stage.subscribe()
    stage.deliver()
    stage.pass(11_000, () => true)
    return application
  }

  it('D20: is none of it when it had left in good order, though a frame of it comes late', () => {
    const { losses, updates, events } = hearLate({ last: [{ table: 'A', last: 3 }] })
    expect({ losses, updates, events }).toEqual({ losses: [], updates: [], events: [] })
  })

  it('D20: may have been taken for dead alone, and is one when it is heard', () => {
    const { losses, updates } = hearLate({ last: null })
    expect(updates.map(({ sequence }) => sequence)).toEqual([1, 2, 3])
    expect(losses).toMatchObject([{ table: 'A', from: 4, to: null, reason: 'gone' }])
  })
})
