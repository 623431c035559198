import { describe, expect, it } from 'vitest'
import {
  clusterProcessName,
  intakeInstance,
  newRegistration,
} from '../../../model/new-registration.ts'
import type { RosterEntry } from '../../../model/roster-entry.ts'
import { PresenceBook } from './presence-book.ts'
import { presenceLimits } from './presence-limits.ts'
import { entryOf } from './presence-record.ts'

const incarnation = 'a'.repeat(32)
const registration = newRegistration({
  node: 'n',
  process: 'P',
  incarnation,
  role: 'process',
  mode: 'mesh',
})
const entry: RosterEntry = entryOf(registration)
const said = (fields: Partial<RosterEntry> = {}) => ({
  entry: { ...entry, ...fields },
  life: null,
  known: null,
  isGone: false,
})
const live = true
const kept = false
const last = [{ table: 'T', last: 3 }]

/** What is told of the process, news by news. */
class Told {
  readonly book = new PresenceBook()
  states(now: number): string[] {
    return this.book.news(now).entries.map(({ state }) => state)
  }
}

describe('who is there at a broker', () => {
  it('Q2: a process that says so is alive, once, and news of it are told', () => {
    const told = new Told()
    told.book.take(said(), live, 0)
    expect(told.states(0)).toEqual(['alive'])
    told.book.take(said(), kept, 1)
    expect(told.states(1)).toEqual([])
    told.book.take(said({ publishes: ['T'] }), live, 2)
    expect(told.book.news(2).entries).toMatchObject([{ publishes: ['T'] }])
  })

  it('Q2: of one name there may be one on each node, of intakes one at a broker', () => {
    const { book } = new Told()
    const intake = {
      process: clusterProcessName,
      instance: intakeInstance,
      role: 'cluster',
    } as const
    const other = { node: 'other', incarnation: 'b'.repeat(32) }
    book.take(said(), live, 0)
    expect([...book.twinsOf({ ...registration, ...other })]).toEqual([])
    expect(book.hasIntake).toBe(false)
    book.take(said(intake), live, 1)
    expect([...book.twinsOf({ ...registration, ...intake, ...other })]).toHaveLength(1)
    expect(book.hasIntake).toBe(true)
  })

  it('Q2: a will is told as alive until the connection has been gone for long, and not if it comes back', () => {
    const { goneAfterMs } = presenceLimits
    const told = new Told()
    told.book.take(said(), live, 0)
    told.states(0)
    told.book.will(incarnation, live, 100)
    expect(told.states(99 + goneAfterMs)).toEqual([])
    told.book.willDeleted(incarnation, 99 + goneAfterMs)
    expect(told.states(100 + goneAfterMs)).toEqual([])
    told.book.will(incarnation, live, 20_000)
    expect(told.states(20_000 + goneAfterMs)).toEqual(['gone'])
    told.book.take(said(), live, 40_000)
    expect(told.states(40_000)).toEqual(['alive'])
  })

  it.each(['before', 'behind'])(
    'Q2: a will that was kept counts at once, %s its entry',
    (place) => {
      const told = new Told()
      if (place === 'before') told.book.will(incarnation, kept, 0)
      told.book.take(said(), kept, 1)
      if (place === 'behind') told.book.will(incarnation, kept, 2)
      expect(told.states(3)).toEqual(['gone'])
    },
  )

  it('Q2: who has ended with last numbers stays so, whatever is said later', () => {
    const told = new Told()
    told.book.take(said({ state: 'ended', last }), live, 0)
    expect(told.states(0)).toEqual(['ended'])
    told.book.take(said(), live, 1)
    told.book.will(incarnation, live, 2)
    told.book.willDeleted(incarnation, 3)
    expect(told.states(4)).toEqual([])
  })

  it('Q2: who was taken for dead is back by its own word, and not by what was kept of it', () => {
    const told = new Told()
    told.book.take(said({ state: 'ended' }), live, 0)
    told.states(0)
    told.book.take(said(), kept, 1)
    expect(told.states(1)).toEqual([])
    told.book.take(said(), live, 2)
    expect(told.states(2)).toEqual(['alive'])
  })

  it('Q2: on a new connection of ours nobody is confirmed until it says so', () => {
    const { book } = new Told()
    const isConfirmed = () => book.get(incarnation)?.isConfirmed
    book.take(said(), kept, 0)
    expect(isConfirmed()).toBe(false)
    book.take(said(), live, 1)
    expect(isConfirmed()).toBe(true)
    book.reconnected()
    expect(isConfirmed()).toBe(false)
    book.take(said(), kept, 2)
    expect(isConfirmed()).toBe(false)
  })

  it('Q2: who is gone for an hour is let go, and so many ends are remembered', () => {
    const { goneKeptMs, mostEnded } = presenceLimits
    const { book } = new Told()
    book.take(said(), kept, 0)
    book.will(incarnation, kept, 0)
    book.news(0)
    expect(book.news(goneKeptMs).letGo).toEqual([incarnation])
    for (let number = 0; number < mostEnded + 3; number++) {
      const other = number.toString(16).padStart(32, '0')
      book.take(said({ incarnation: other, state: 'ended', last }), live, number)
    }
    expect([...book.all()]).toHaveLength(mostEnded)
  })

  it('Q2: what another one tells counts as kept, where it has not said anything itself', () => {
    const told = new Told()
    told.book.toldByOther({ ...said(), isGone: true }, 0)
    expect(told.states(0)).toEqual(['gone'])
    told.book.take(said(), live, 1)
    told.book.toldByOther({ ...said(), isGone: true }, 2)
    expect(told.states(2)).toEqual(['alive'])
    told.book.toldByOther(said({ state: 'ended', last, endedMsAgo: 5 }), 3)
    expect(told.book.news(3).entries).toMatchObject([{ state: 'ended', last, endedMsAgo: 5 }])
  })

  it('Q2: who is told of without being gone is here, and has to say so itself', () => {
    const told = new Told()
    told.book.toldByOther(said(), 0)
    expect(told.book.get(incarnation)).toMatchObject({ presence: 'here', isConfirmed: false })
  })
})
