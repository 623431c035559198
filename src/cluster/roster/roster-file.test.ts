import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SavedRoster } from './roster-file.ts'
import { leastMsBetween, RosterFile, stateDirectory } from './roster-file.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'tidings-roster-file-'))
})

afterEach(() => {
  chmodSync(directory, 0o700)
  rmSync(directory, { recursive: true, force: true })
})

const saved: SavedRoster = {
  history: 'h',
  version: 7,
  own: 6,
  gaps: [{ after: 3, before: 5 }],
  forgotten: { all: 5, own: 3 },
  others: [{ node: 'b', history: 'hb', version: 9 }],
  processes: [
    {
      version: 6,
      entry: {
        node: 'a',
        process: 'P',
        instance: '',
        incarnation: '0123456789abcdef0123456789abcdef',
        role: 'process',
        pid: 1,
        startedAt: 5,
        mode: 'mesh',
        place: { processPort: 11_000, zeromqPort: 21_000 },
        publishes: ['TRADE'],
        subscribes: '*',
        state: 'alive',
        last: null,
      },
    },
  ],
  endings: [],
}

const ending = {
  version: 4,
  entry: {
    ...saved.processes[0]!.entry,
    node: 'b',
    incarnation: 'fedcba9876543210fedcba9876543210',
    state: 'ended',
    endedMsAgo: 2_000,
  },
} as const

const at = (wallClock: number, uptime: number) => () => ({ wallClock, uptime })

test('reads what it wrote, and only its owner may', () => {
  const file = new RosterFile(path.join(directory, 'new'), 'a', 6_000, at(0, 0))
  expect(file.load()).toBeNull()
  file.save({ ...saved, endings: [ending] })
  expect(file.load()).toEqual({ ...saved, endings: [ending] })
  expect(statSync(file.path).mode & 0o777).toBe(0o600)
  expect(readdirSync(path.dirname(file.path))).toHaveLength(1)
  const { change } = JSON.parse(readFileSync(file.path, 'utf8')) as {
    change: { entries: object[] }
  }
  expect(change.entries[0]).toMatchObject({ processPort: 11_000, zeromqPort: 21_000 })
})

test('what has ended is older when it is read than when it was written', () => {
  const written = new RosterFile(directory, 'a', 6_000, at(1_000_000, 500_000))
  written.save({ ...saved, endings: [ending] })
  const read = new RosterFile(directory, 'a', 6_000, at(1_030_000, 530_000)).load()
  expect(read).toMatchObject({ endings: [{ entry: { endedMsAgo: 32_000 } }] })
  expect(read).toHaveProperty('processes', saved.processes)
})

test('D23: what has ended is taken for no older than all clocks say', () => {
  const written = { wallClock: 1_000_000, uptime: 500_000 }
  const wallClockSetAhead = { wallClock: 9_000_000, uptime: 501_000 }
  const wallClockSetBack = { wallClock: 0, uptime: 501_000 }
  const machineStartedAnew = { wallClock: 1_060_000, uptime: 20_000 }
  const anotherMachine = { wallClock: 1_060_000, uptime: 900_000 }
  const least = [wallClockSetAhead, wallClockSetBack, machineStartedAnew, anotherMachine].map(
    (now) => leastMsBetween(written, now),
  )
  expect(least).toEqual([1_000, 0, 0, 60_000])
})

test('each node and cluster port has a file of its own, whatever the name', () => {
  const names = ['a', 'b', '../a', 'a/b', 'ä'].map(
    (node) => new RosterFile(directory, node, 1).path,
  )
  names.push(new RosterFile(directory, 'a', 2).path)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(path.dirname(name)).toBe(directory)
})

test.each([
  ['', 'it is not JSON'],
  ['{"format":"1"', 'it is not JSON'],
  ['null', 'it has another format'],
  ['{"format":"2","node":"a"}', 'it has another format'],
])('a damaged file %j is none, and says so', (content, damaged) => {
  const file = new RosterFile(directory, 'a', 6_000)
  writeFileSync(file.path, content)
  expect(file.load()).toEqual({ damaged })
})

test('every prefix and every flipped byte of a file gives a roster or a reason', () => {
  const file = new RosterFile(directory, 'a', 6_000)
  file.save(saved)
  const whole = readFileSync(file.path)
  for (let place = 0; place < whole.length; place += 1) {
    const flipped = Buffer.from(whole)
    flipped.writeUInt8((flipped[place] ?? 0) ^ 0x55, place)
    writeFileSync(file.path, flipped)
    const loaded = file.load() ?? {}
    expect('damaged' in loaded || 'history' in loaded).toBe(true)
    writeFileSync(file.path, whole.subarray(0, place))
    expect(file.load()).toHaveProperty('damaged')
  }
})

test('a file of another node is not used', () => {
  const file = new RosterFile(directory, 'a', 6_000)
  file.save(saved)
  const other = new RosterFile(directory, 'b', 6_000)
  Object.defineProperty(other, 'path', { value: file.path })
  expect(other.load()).toEqual({ damaged: 'it is of node a' })
})

test('a write that fails leaves the old file, and nothing else', () => {
  const file = new RosterFile(directory, 'a', 6_000)
  file.save(saved)
  const broken = { ...saved, version: 8n }
  expect(() => file.save(broken as unknown as SavedRoster)).toThrow('BigInt')
  expect(file.load()).toEqual(saved)
  expect(readdirSync(directory)).toHaveLength(1)
})

test('makes its folder, with those above it, for its owner alone', () => {
  const folder = path.join(directory, 'above', 'below')
  const file = new RosterFile(folder, 'a', 1)
  file.save(saved)
  expect(file.load()).toMatchObject({ history: saved.history })
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test.runIf(process.platform === 'linux')(
  'a folder that cannot be made is an error, also where the file system says that nothing is there',
  () => {
    const file = new RosterFile('/proc/nope/below', 'a', 1)
    expect(() => file.save(saved)).toThrow(/ENOENT.*mkdir '\/proc\/nope'/)
  },
)

test('D23: a file that is out of date is removed; where that cannot be done, emptied', () => {
  const file = new RosterFile(directory, 'a', 6_000)
  expect(file.discard()).toBe(true)
  file.save(saved)
  expect(file.discard()).toBe(true)
  expect(file.load()).toBeNull()
  mkdirSync(file.path)
  writeFileSync(path.join(file.path, 'something'), '')
  expect(file.discard()).toBe(true)
  expect(file.load()).toHaveProperty('damaged')
})

test('what a process that was killed left behind does not add up', () => {
  const file = new RosterFile(directory, 'a', 6_000)
  writeFileSync(`${file.path}.tmp`, '{"format":')
  file.save(saved)
  expect(readdirSync(directory)).toHaveLength(1)
  expect(file.load()).toEqual(saved)
})

test('the directory is the one that is named, else that of XDG, else of the home', () => {
  expect(stateDirectory({ TIDINGS_STATE: '/s', XDG_STATE_HOME: '/x' })).toBe('/s')
  expect(stateDirectory({ XDG_STATE_HOME: '/x' })).toBe('/x/tidings')
  expect(stateDirectory({})).toMatch(/\.local\/state\/tidings$/)
})
