import { describe, expect, it } from 'vitest'
import type { RosterEntry } from '../model/roster-entry.ts'
import type { RosterMessage } from './registration-message.ts'
import { RosterView } from './roster-view.ts'

const entry = (process: string, fields: Partial<RosterEntry> = {}): RosterEntry => ({
  node: 'n',
  process,
  instance: '',
  incarnation: process.toLowerCase().padEnd(32, '0'),
  role: 'process',
  pid: 1,
  startedAt: 1,
  mode: 'mesh',
  place: null,
  publishes: [],
  subscribes: [],
  state: 'alive',
  last: null,
  ...fields,
})

const message = (since: number, version: number, entries: RosterEntry[], history = 'h') =>
  ({
    type: 'roster',
    history,
    since,
    version,
    forgottenUpTo: 0,
    kept: 0,
    more: false,
    change: { entries, histories: [{ node: 'n', history }], settled: true, unreachable: [] },
  }) satisfies RosterMessage

const names = (view: RosterView, said: RosterMessage) =>
  view.apply(said).change?.entries.map(({ process }) => process) ?? null

describe('RosterView', () => {
  it('tells each change once, though messages overlap and repeat', () => {
    const view = new RosterView()
    expect(names(view, message(0, 2, [entry('A'), entry('B')]))).toEqual(['A', 'B'])
    expect(names(view, message(0, 2, [entry('A'), entry('B')]))).toBeNull()
    expect(names(view, message(1, 3, [entry('B'), entry('C')]))).toEqual(['C'])
    expect(names(view, message(0, 1, [entry('A', { pid: 9 })]))).toBeNull()
    expect(view.seen).toMatchObject({ history: 'h', version: 3 })
  })

  it('asks for the part between when one was lost', () => {
    const view = new RosterView()
    view.apply(message(0, 2, [entry('A')]))
    expect(view.apply(message(4, 5, [entry('B')]))).toEqual({ change: null, ask: true })
    expect(view.seen).toMatchObject({ history: 'h', version: 2 })
    expect(names(view, message(2, 5, [entry('C'), entry('B')]))).toEqual(['C', 'B'])
  })

  it('asks from 0 when the roster began anew, and tells what is new of it', () => {
    const view = new RosterView()
    view.apply(message(0, 7, [entry('A'), entry('B')]))
    expect(view.apply(message(5, 9, [entry('C')], 'later'))).toEqual({ change: null, ask: true })
    expect(view.seen).toMatchObject({ history: 'later', version: 0 })
    const told = view.apply(message(0, 1, [entry('A')], 'later')).change
    expect(told?.entries).toEqual([])
    expect(told?.histories).toEqual([{ node: 'n', history: 'later' }])
    expect(view.seen).toMatchObject({ history: 'later', version: 1 })
    expect(view.get(entry('B').incarnation)?.process).toBe('B')
  })

  it('takes a new life of the roster at once when it is told whole', () => {
    const view = new RosterView()
    view.apply(message(0, 7, [entry('A')]))
    expect(names(view, message(0, 2, [entry('C')], 'later'))).toEqual(['C'])
  })

  it('takes an empty roster, and its settling without entries', () => {
    const view = new RosterView()
    const empty = message(0, 0, [])
    const unsettled = { ...empty, change: { ...empty.change, settled: false } }
    expect(view.apply(unsettled).change).toEqual(unsettled.change)
    expect(view.apply(unsettled).change).toBeNull()
    expect(view.apply(message(0, 1, [])).change?.settled).toBe(true)
  })

  const forgotten = (said: RosterMessage, forgottenUpTo: number): RosterMessage => ({
    ...said,
    forgottenUpTo,
    kept: 0,
  })

  it('D23: tells once that the roster has forgotten what was not seen, and asks for everything', () => {
    const view = new RosterView()
    view.apply(message(0, 10, [entry('A'), entry('B')]))
    expect(view.apply(forgotten(message(10, 12, []), 10)).change?.forgot).toBeUndefined()
    const told = view.apply(forgotten(message(12, 40, [entry('C')]), 20))
    expect(told).toMatchObject({ ask: true, change: { forgot: true } })
    expect(view.seen).toMatchObject({ history: 'h', version: 0 })
    const all = [entry('A'), entry('C')]
    const again = view.apply(forgotten({ ...message(0, 41, all), more: true }, 20))
    expect(again.change?.forgot).toBeUndefined()
    expect(view.get(entry('B').incarnation)).toBeDefined()
    expect(view.apply(forgotten(message(41, 42, []), 20)).change).toMatchObject({
      letGo: [entry('B').incarnation],
    })
    expect(view.get(entry('B').incarnation)).toBeUndefined()
    expect(view.apply(forgotten(message(42, 43, [entry('D')]), 20)).change?.forgot).toBeUndefined()
  })

  it('D23: one that begins has missed nothing of what the roster has forgotten', () => {
    const view = new RosterView()
    const first = { ...message(0, 30, [entry('A')]), more: true }
    expect(view.apply(forgotten(first, 40)).change?.forgot).toBeUndefined()
    expect(view.apply(forgotten(message(30, 60, []), 40)).change?.forgot).toBeUndefined()
  })

  it('D23: while a node is out of reach nobody of it is let go for not being named', () => {
    const view = new RosterView()
    view.apply(message(0, 10, [entry('A')]))
    view.apply(forgotten(message(10, 40, []), 20))
    const all = forgotten(message(0, 41, []), 20)
    view.apply({ ...all, change: { ...all.change, unreachable: ['n'] } })
    expect(view.get(entry('A').incarnation)).toBeDefined()
  })

  it('D23: lets go whom the roster lets go, and takes them again', () => {
    const view = new RosterView()
    view.apply(message(0, 1, [entry('A', { state: 'gone' }), entry('B', { state: 'ended' })]))
    const { incarnation } = entry('A')
    const said = message(1, 2, [])
    const letGo = [incarnation, entry('B').incarnation]
    const told = view.apply({ ...said, change: { ...said.change, letGo } }).change
    expect(told?.letGo).toEqual([incarnation])
    expect(names(view, message(2, 3, [entry('A')]))).toEqual(['A'])
  })

  it('leaves an ended process as it ended', () => {
    const view = new RosterView()
    const last = [{ table: 'T', last: 5 }]
    view.apply(message(0, 1, [entry('A', { state: 'ended', last })]))
    expect(names(view, message(1, 2, [entry('A', { state: 'gone' })]))).toBeNull()
    expect(view.get(entry('A').incarnation)?.last).toEqual(last)
  })

  it('remembers a bounded number of ended processes', () => {
    const view = new RosterView()
    const ended = (i: number) =>
      entry('S', { incarnation: String(i).padStart(32, '0'), state: 'ended' })
    for (let i = 1; i <= 5_000; i++) view.apply(message(i - 1, i, [ended(i)]))
    expect(view.get(ended(1).incarnation)).toBeUndefined()
    expect(view.get(ended(5_000).incarnation)?.state).toBe('ended')
  })

  it('keeps who was taken for dead and came back, however many end after it', () => {
    const view = new RosterView()
    let version = 0
    const say = (process: string, state: RosterEntry['state']) =>
      view.apply(message(version, ++version, [entry(process, { state })]))
    say('X', 'alive')
    say('X', 'ended')
    say('X', 'alive')
    for (let n = 0; n < 5_000; n += 1) say(`E${n}`, 'ended')
    expect(view.get('x'.padEnd(32, '0'))?.state).toBe('alive')
  })
})
