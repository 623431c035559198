import { entryOf } from '../../../test/harness/registration.ts'
import { expect, test } from 'vitest'
import type { ProcessState, RosterEntry } from '../../model/roster-entry.ts'
import { RemoteRoster, confirmWithinMs } from './remote-roster.ts'
import { goneKeptMs } from './registry.ts'
import type { RosterPart } from '../../model/roster-entry.ts'

const entry = (incarnation: string, state: ProcessState = 'alive', node = 'b'): RosterEntry =>
  entryOf(incarnation, { node, state })

const part = (
  since: number,
  version: number,
  entries: RosterEntry[],
  more = false,
  forgottenUpTo = 0,
): RosterPart => ({
  since,
  version,
  forgottenUpTo,
  kept: 0,
  change: { entries, histories: [], settled: true, unreachable: [] },
  more,
})

const states = (entries: readonly RosterEntry[]) =>
  entries.map((e) => `${e.incarnation} ${e.state}`)

const nothing = { entries: [], letGo: [], forgot: false }

test('takes parts in order and asks with what it has seen', () => {
  const remote = new RemoteRoster('b')
  expect(remote.seen).toMatchObject({ history: null, version: 0 })
  expect(states(remote.take('h', part(0, 5, [entry('1')], true), 0).entries)).toEqual(['1 alive'])
  expect(remote.complete).toBe(false)
  expect(states(remote.take('h', part(5, 8, [entry('2')]), 0).entries)).toEqual(['2 alive'])
  expect(remote.complete).toBe(true)
  expect(remote.seen).toMatchObject({ history: 'h', version: 8 })
})

test('a part that leaves something out, or an old one, changes nothing', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [entry('1')]), 0)
  expect(remote.take('h', part(7, 9, [entry('2')]), 0).entries).toEqual([])
  expect(remote.take('h', part(0, 4, [entry('3')]), 0).entries).toEqual([])
  expect(remote.take('other', part(5, 9, [entry('4')]), 0).entries).toEqual([])
  expect(remote.seen).toMatchObject({ history: 'h', version: 5 })
})

test('a node speaks for its own processes only, and what has ended by its own word stays so', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [{ ...entry('1', 'ended'), last: [] }, entry('2', 'alive', 'c')]), 0)
  expect(states(remote.take('h', part(5, 6, [entry('1')]), 0).entries)).toEqual([])
  expect(states(remote.found())).toEqual(['1 ended'])
})

test('processes of a lost node are out of touch, until it is found', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [entry('1'), entry('2', 'ended')]), 0)
  expect(states(remote.lost())).toEqual(['1 gone', '2 ended'])
  expect(states(remote.found())).toEqual(['1 alive', '2 ended'])
})

test('processes that a new history does not name in time are out of touch, not ended', () => {
  const remote = new RemoteRoster('b')
  remote.take('h1', part(0, 5, [entry('1'), entry('2'), entry('3', 'ended')]), 0)
  remote.take('h2', part(0, 1, [entry('1')]), 100)
  expect(remote.tick(100 + confirmWithinMs - 1)).toEqual(nothing)
  expect(states(remote.tick(100 + confirmWithinMs).entries)).toEqual(['2 gone'])
  expect(remote.tick(100 + 2 * confirmWithinMs)).toEqual(nothing)
  expect(states(remote.take('h2', part(1, 2, [entry('2')]), 200).entries)).toEqual(['2 alive'])
})

test('D23: who is not named within the hour is let go, once, however many histories begin meanwhile', () => {
  const remote = new RemoteRoster('b')
  remote.take(
    'h0',
    part(0, 5, [entry('1'), entry('2'), entry('3', 'ended'), entry('4', 'gone')]),
    0,
  )
  const lives = 6
  for (let life = 1; life <= lives; life += 1) {
    const own = entry(`life ${life}`)
    const now = life * (goneKeptMs / lives)
    remote.take(`h${life}`, part(0, 2, [own, entry('1')]), now)
    expect(remote.tick(now + confirmWithinMs).letGo).toEqual([])
  }
  const began = goneKeptMs / lives
  expect(remote.tick(began + goneKeptMs - 1)).toEqual(nothing)
  expect(remote.tick(began + goneKeptMs)).toEqual({ ...nothing, letGo: ['2', '4'] })
  expect(remote.tick(began + goneKeptMs)).toEqual(nothing)
  expect(states(remote.found())).not.toContain('2 gone')
  // Life after life, each an hour after the next one began.
  const letGo = remote.tick(2 * began + goneKeptMs).letGo
  expect(letGo).toEqual(['life 1'])
  expect(remote.tick(2 * goneKeptMs).letGo).toEqual(['life 2', 'life 3', 'life 4', 'life 5'])
  expect(states(remote.found())).toEqual(['1 alive', '3 ended', 'life 6 alive'])
})

test('D23: who is named after it was let go so is taken again', () => {
  const remote = new RemoteRoster('b')
  remote.take('h1', part(0, 5, [entry('1')]), 0)
  remote.take('h2', part(0, 1, []), 0)
  expect(remote.tick(goneKeptMs)).toEqual({ ...nothing, letGo: ['1'] })
  expect(states(remote.take('h2', part(1, 2, [entry('1')]), goneKeptMs).entries)).toEqual([
    '1 alive',
  ])
  expect(remote.tick(3 * goneKeptMs)).toEqual(nothing)
})

test('ended entries are forgotten with the roster of the cluster', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [entry('1'), entry('2', 'ended')]), 0)
  remote.keepOnly(() => false)
  expect(states(remote.found())).toEqual(['1 alive'])
})

const published = (incarnation: string, state: ProcessState = 'alive'): RosterEntry => ({
  ...entry(incarnation, state),
  publishes: ['TRADE'],
})

test('D23: what a node has forgotten and was not seen is noticed, once', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [published('1')]), 0)
  expect(remote.take('h', part(5, 9, [], false, 5), 0).forgot).toBe(false)
  expect(remote.take('h', part(9, 30, [], false, 20), 0).forgot).toBe(true)
  // Everything is asked for: who has ended unseen is named no more.
  expect(remote.seen).toMatchObject({ history: 'h', version: 0 })
  const again = remote.take('h', part(0, 30, [published('2')], false, 20), 0)
  expect(again).toMatchObject({ forgot: false, letGo: ['1'] })
  expect(remote.take('h', part(30, 31, [], false, 20), 0).forgot).toBe(false)
})

test('D23: a node heard for the first time that has forgotten somebody has a hole', () => {
  expect(new RemoteRoster('b').take('h', part(0, 9, [], false, 7), 0).forgot).toBe(true)
  expect(new RemoteRoster('b').take('h', part(0, 9, [], false, 0), 0).forgot).toBe(false)
})

test('D23: what the last run knew of it has no hole', () => {
  const kept = { history: 'h', version: 7 }
  expect(new RemoteRoster('b', kept).take('h', part(0, 9, [], false, 7), 0).forgot).toBe(false)
  expect(new RemoteRoster('b', kept).take('h', part(0, 9, [], false, 8), 0).forgot).toBe(true)
  expect(new RemoteRoster('b', kept).take('h2', part(0, 9, [], false, 0), 0).forgot).toBe(true)
  expect(new RemoteRoster('b', kept).known).toEqual(kept)
})

test('D23: what it lets go without an end is let go here', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [entry('1', 'gone'), entry('2', 'ended')]), 0)
  const said = part(5, 6, [])
  const change = { ...said.change, letGo: ['1', '2', '3'] }
  expect(remote.take('h', { ...said, change }, 0).letGo).toEqual(['1'])
  expect(states(remote.found())).toEqual(['2 ended'])
})

test('D23: a new life of a node is asked for everything, and who is not named is let go', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [entry('1'), entry('2'), entry('3', 'ended')]), 0)
  remote.askForAll()
  expect(remote.take('h', part(0, 7, [entry('1')], true), 0).letGo).toEqual([])
  expect(remote.take('h', part(7, 9, []), 0).letGo).toEqual(['2'])
  expect(states(remote.found())).toEqual(['1 alive', '3 ended'])
})
