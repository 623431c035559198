import { expect, test } from 'vitest'
import type { ProcessState, RosterEntry } from '../model/roster.ts'
import { RemoteRoster, confirmWithinMs } from './remote-roster.ts'
import type { RosterPart } from './roster.ts'

const entry = (incarnation: string, state: ProcessState = 'alive', node = 'b'): RosterEntry => ({
  node,
  process: 'P',
  instance: '',
  incarnation,
  role: 'process',
  pid: 1,
  startedAt: 0,
  mode: 'mesh',
  processPort: null,
  zeromqPort: null,
  publishes: [],
  subscribes: [],
  state,
  last: null,
})

const part = (
  since: number,
  version: number,
  entries: RosterEntry[],
  more = false,
): RosterPart => ({
  since,
  version,
  change: { entries, histories: [], settled: true, unreachable: [] },
  more,
})

const states = (entries: RosterEntry[]) => entries.map((e) => `${e.incarnation} ${e.state}`)

test('takes parts in order and asks with what it has seen', () => {
  const remote = new RemoteRoster('b')
  expect(remote.seen).toEqual({ history: null, version: 0 })
  expect(states(remote.take('h', part(0, 5, [entry('1')], true), 0))).toEqual(['1 alive'])
  expect(remote.complete).toBe(false)
  expect(states(remote.take('h', part(5, 8, [entry('2')]), 0))).toEqual(['2 alive'])
  expect(remote.complete).toBe(true)
  expect(remote.seen).toEqual({ history: 'h', version: 8 })
})

test('a part that leaves something out, or an old one, changes nothing', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [entry('1')]), 0)
  expect(remote.take('h', part(7, 9, [entry('2')]), 0)).toEqual([])
  expect(remote.take('h', part(0, 4, [entry('3')]), 0)).toEqual([])
  expect(remote.take('other', part(5, 9, [entry('4')]), 0)).toEqual([])
  expect(remote.seen).toEqual({ history: 'h', version: 5 })
})

test('a node speaks for its own processes only, and what has ended by its own word stays so', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [{ ...entry('1', 'ended'), last: [] }, entry('2', 'alive', 'c')]), 0)
  expect(states(remote.take('h', part(5, 6, [entry('1')]), 0))).toEqual([])
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
  expect(remote.tick(100 + confirmWithinMs - 1)).toEqual([])
  expect(states(remote.tick(100 + confirmWithinMs))).toEqual(['2 gone'])
  expect(remote.tick(100 + 2 * confirmWithinMs)).toEqual([])
  expect(states(remote.take('h2', part(1, 2, [entry('2')]), 200))).toEqual(['2 alive'])
})

test('ended entries are forgotten with the roster of the cluster', () => {
  const remote = new RemoteRoster('b')
  remote.take('h', part(0, 5, [entry('1'), entry('2', 'ended')]), 0)
  remote.keepOnly(() => false)
  expect(states(remote.found())).toEqual(['1 alive'])
})
