import { expect, test } from 'vitest'
import type { RosterEntry } from '../model/roster.ts'
import { Roster, endedKeptMs, maxEndedEntries, maxPartBytes } from './roster.ts'

function entry(incarnation: string, more: Partial<RosterEntry> = {}): RosterEntry {
  return {
    node: 'a',
    process: `P${incarnation}`,
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
    state: 'alive',
    last: null,
    ...more,
  }
}

const names = (roster: Roster, since: number) =>
  roster.changesSince(since).flatMap(({ change }) => change.entries.map((e) => e.incarnation))

test('D23: tells what changed after a version, each entry as it is now', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('1'), 0)
  roster.put(entry('2'), 0)
  const { version } = roster
  roster.put(entry('1', { publishes: ['TRADE'] }), 0)
  expect(names(roster, 0)).toEqual(['2', '1'])
  expect(names(roster, version)).toEqual(['1'])
  expect(roster.changesSince(roster.version)).toEqual([])
})

test('D23: a version of the future is answered with everything', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('1'), 0)
  const [part] = roster.changesSince(roster.version + 1)
  expect(part).toMatchObject({ since: 0, version: roster.version })
})

test('D23: what does not change anything has no version', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('1'), 0)
  const { version } = roster
  expect(roster.put(entry('1'), 1)).toBe(false)
  expect(roster.version).toBe(version)
})

test('D23: an entry once ended never changes', () => {
  const roster = new Roster('a', 'h', 0)
  const ended = entry('1', { state: 'ended', last: [{ table: 'T', last: 3 }] })
  roster.put(ended, 0)
  expect(roster.put(entry('1'), 1)).toBe(false)
  expect(roster.get('1')).toEqual(ended)
})

test('D23: ended entries are kept for their time, and no more than their number', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('old', { state: 'ended' }), 0)
  roster.put(entry('alive'), 0)
  roster.expire(endedKeptMs - 1)
  expect(roster.get('old')).toBeDefined()
  roster.expire(endedKeptMs)
  expect(roster.get('old')).toBeUndefined()
  expect(roster.get('alive')).toBeDefined()
  for (let n = 0; n <= maxEndedEntries; n += 1) roster.put(entry(`${n}`, { state: 'ended' }), 1)
  roster.expire(1)
  expect(roster.get('0')).toBeUndefined()
  expect(roster.get('1')).toBeDefined()
})

test('D23: a large roster is told in parts that follow each other, settled with the last', () => {
  const roster = new Roster('a', 'h', 0)
  const publishes = Array.from({ length: 1_000 }, (_, n) => `TABLE_${n}`)
  for (let n = 0; n < 200; n += 1) roster.put(entry(`${n}`, { publishes }), 0)
  roster.settle(true, ['x'])
  const parts = roster.changesSince(0)
  expect(parts.length).toBeGreaterThan(2)
  let since = 0
  for (const [place, part] of parts.entries()) {
    const last = place === parts.length - 1
    expect(part.since).toBe(since)
    expect(part.more).toBe(!last)
    expect(part.change.settled).toBe(last)
    expect(Buffer.byteLength(JSON.stringify(part.change.entries))).toBeLessThan(2 * maxPartBytes)
    since = part.version
  }
  expect(since).toBe(roster.version)
  expect(names(roster, 0)).toHaveLength(200)
  expect(names(roster, parts[0]!.version)).toHaveLength(200 - parts[0]!.change.entries.length)
})

test('D23: another node is told of our own processes alone, and not of what others changed', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('1'), 0)
  const told = roster.ownVersion
  roster.put(entry('2', { node: 'b' }), 0)
  roster.setHistory('b', 'hb')
  roster.settle(true, [])
  expect(roster.ownChangesSince(told)).toEqual([])
  const [part] = roster.ownChangesSince(0)
  expect(part?.change.entries.map(({ incarnation }) => incarnation)).toEqual(['1'])
})

test('D23: histories and settling are told as they change', () => {
  const roster = new Roster('a', 'ha', 10)
  const { version } = roster
  roster.setHistory('b', 'hb')
  roster.settle(true, ['c'])
  const [part] = roster.changesSince(version)
  expect(part?.change).toEqual({
    entries: [],
    histories: [
      { node: 'a', history: 'ha' },
      { node: 'b', history: 'hb' },
    ],
    settled: true,
    unreachable: ['c'],
  })
})
