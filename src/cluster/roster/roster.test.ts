import { entryOf } from '../../../test/harness/registration.ts'
import { expect, test } from 'vitest'
import type { RosterEntry } from '../../model/roster-entry.ts'
import { encodeClusterMessage } from '../../registration/registration-message.ts'
import { encodeWhisper } from '../membership/whisper.ts'
import { Roster, endedKeptMs, maxEndedEntries, maxPartBytes } from './roster.ts'

const entry = (incarnation: string, more: Partial<RosterEntry> = {}): RosterEntry =>
  entryOf(incarnation, { process: `P${incarnation}`, ...more })

const names = (roster: Roster, since: number) =>
  roster.changesSince(since, 0).flatMap(({ change }) => change.entries.map((e) => e.incarnation))

test('D23: tells what changed after a version, each entry as it is now', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('1'), 0)
  roster.put(entry('2'), 0)
  const { version } = roster
  roster.put(entry('1', { publishes: ['TRADE'] }), 0)
  expect(names(roster, 0)).toEqual(['2', '1'])
  expect(names(roster, version)).toEqual(['1'])
  expect(roster.changesSince(roster.version, 0)).toEqual([])
})

test('D23: a version of the future is answered with everything', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('1'), 0)
  const [part] = roster.changesSince(roster.version + 1, 0)
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
  const parts = roster.changesSince(0, 0)
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
  expect(roster.ownChangesSince(told, 0)).toEqual([])
  const [part] = roster.ownChangesSince(0, 0)
  expect(part?.change.entries.map(({ incarnation }) => incarnation)).toEqual(['1'])
})

test('D23: histories and settling are told as they change', () => {
  const roster = new Roster('a', 'ha', 10)
  const { version } = roster
  roster.setHistory('b', 'hb')
  roster.settle(true, ['c'])
  const [part] = roster.changesSince(version, 0)
  expect(part?.change).toEqual({
    entries: [],
    histories: [
      { node: 'a', history: 'ha' },
      { node: 'b', history: 'hb' },
    ],
    settled: true,
    unreachable: ['c'],
    letGo: [],
  })
})

const publisher = (incarnation: string, more: Partial<RosterEntry> = {}) =>
  entry(incarnation, { publishes: ['TRADE'], ...more })

const end = (roster: Roster, each: RosterEntry, now: number) =>
  roster.put({ ...each, state: 'ended', last: [{ table: 'TRADE', last: 1 }] }, now)

test('D23: says up to which version it has forgotten the end of a publisher', () => {
  const roster = new Roster('a', 'h', 0)
  for (let n = 0; n <= maxEndedEntries; n += 1) end(roster, publisher(`${n}`), 0)
  expect(roster.changesSince(0, 0)[0]?.forgottenUpTo).toBe(0)
  roster.expire(0)
  // The first that ended is let go: whoever has not seen its version has missed it.
  const firstEnd = 1 + 1
  expect(roster.changesSince(0, 0).map(({ forgottenUpTo }) => forgottenUpTo)).toContain(firstEnd)
  expect(roster.ownChangesSince(0, 0)[0]?.forgottenUpTo).toBe(firstEnd)
  roster.expire(endedKeptMs)
  roster.put(entry('new'), 0)
  expect(roster.changesSince(0, 0)[0]?.forgottenUpTo).toBe(roster.version - 1)
})

test('D23: who can have published nothing is forgotten without a word', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('reader', { subscribes: '*', state: 'ended' }), 0)
  roster.put(entry('idle', { state: 'ended', last: [] }), 0)
  roster.put(entry('cluster', { role: 'cluster', state: 'ended' }), 0)
  roster.expire(endedKeptMs)
  expect(roster.forgotten).toEqual({ all: 0, own: 0 })
  roster.put(entry('unknown', { state: 'ended' }), 0)
  roster.expire(endedKeptMs)
  expect(roster.forgotten.all).toBe(roster.version)
})

test('D23: what foreign programs published is not forgotten in silence: the intake has the role of GENESIS_CLUSTER', () => {
  const intake = { role: 'cluster', state: 'ended', publishes: ['TRADE'] } as const
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('here', { ...intake, last: null }), 0)
  roster.put(entry('there', { ...intake, last: [{ table: 'TRADE', last: 1 }], node: 'b' }), 0)
  expect(roster.foreignEndings(0).map((each) => each.entry.incarnation)).toEqual(['there'])
  roster.expire(endedKeptMs)
  expect(roster.forgotten).toEqual({ all: roster.version, own: roster.version - 1 })
})

test('D23: another node is told what is forgotten of our own processes alone', () => {
  const roster = new Roster('a', 'h', 0)
  end(roster, publisher('other', { node: 'b' }), 0)
  roster.expire(endedKeptMs)
  roster.noteForgotten()
  roster.put(entry('1'), 0)
  expect(roster.forgotten).toEqual({ all: roster.version - 1, own: 0 })
  expect(roster.ownChangesSince(0, 0)[0]?.forgottenUpTo).toBe(0)
})

test('D23: that an entry was let go without an end is told, with a version', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(publisher('own', { state: 'gone' }), 0)
  roster.put(entry('other', { node: 'b', state: 'gone' }), 0)
  const { version, ownVersion } = roster
  roster.letGo('own', 0)
  roster.letGo('other', 0)
  roster.letGo('nobody', 0)
  expect(roster.changesSince(version, 0)[0]?.change.letGo).toEqual(['own', 'other'])
  expect(roster.ownChangesSince(ownVersion, 0)[0]?.change.letGo).toEqual(['own'])
  // Whoever has not heard of it while it was here has missed what it published.
  expect(roster.forgotten).toEqual({ all: 3, own: 2 })
  roster.put(publisher('own'), 1)
  expect(roster.changesSince(version, 0)[0]?.change.letGo).toEqual(['other'])
  roster.expire(endedKeptMs)
  expect(roster.changesSince(version, 0)[0]?.change.letGo).toEqual([])
})

test('D23: says how long ago something ended, when it is told, kept or told on', () => {
  const roster = new Roster('a', 'h', 0)
  roster.put(entry('1'), 0)
  roster.put(entry('2', { state: 'ended', last: [] }), 1_000)
  roster.put(entry('3', { node: 'b', state: 'ended', last: [], endedMsAgo: 60_000 }), 1_000)
  roster.restore({ version: 1, entry: entry('4', { state: 'ended', endedMsAgo: 500 }) }, 1_000)
  const ages = (entries: readonly RosterEntry[]) =>
    entries.map(({ incarnation, endedMsAgo }) => `${incarnation} ${endedMsAgo}`)
  const told = roster.changesSince(0, 3_000).flatMap(({ change }) => change.entries)
  expect(ages(told)).toEqual(['1 undefined', '2 2000', '3 62000', '4 2500'])
  expect(ages(roster.ownEntries(3_000).map((each) => each.entry))).toContain('4 2500')
  // When it is told does not make it another.
  expect(roster.put(entry('4', { state: 'ended', endedMsAgo: 9_000 }), 3_000)).toBe(false)
})

test('D23: each part fits a message, whatever is the last entry and whoever cannot be reached', () => {
  const roster = new Roster('a', 'h', 0)
  const publishes = Array.from({ length: 30_000 }, (_, n) => `TABLE_${`${n}`.padStart(20, '0')}`)
  roster.put(entry('huge', { publishes }), 0)
  for (let n = 0; n < 2_000; n += 1) roster.put(publisher(`${n}`.padStart(32, '0')), 0)
  for (let n = 0; n < 2_000; n += 1) roster.letGo(`${n}`.padStart(32, '0'), 0)
  const names = Array.from({ length: 1_000 }, (_, n) => `${'Ü'.repeat(200)}${n}`)
  roster.settle(true, names)
  const told = roster.changesSince(0, 0)
  for (const part of told) encodeClusterMessage({ type: 'roster', history: 'h', ...part })
  expect(told.at(-1)?.change).toMatchObject({ settled: true, unreachable: names })
  expect(told.flatMap(({ change }) => change.entries)).toHaveLength(1)
  const toNodes = roster.ownChangesSince(0, 0)
  for (const part of toNodes) encodeWhisper({ type: 'roster', history: 'h', ...part })
  expect(toNodes.at(-1)?.change.letGo).toHaveLength(2_000)
  // Whom we cannot reach is no business of theirs.
  expect(toNodes.flatMap(({ change }) => change.unreachable)).toEqual([])
})
