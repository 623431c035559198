import { registrationOf } from '../../../test/harness/registration.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Clock } from '../../base/clock.ts'
import { systemClock } from '../../base/clock.ts'
import { randomId } from '../../base/random.ts'
import type { ClusterMessage } from '../../registration/registration-message.ts'
import type { Registration } from '../../model/roster-entry.ts'
import { PortPool } from '../bus/port-pool.ts'
import { RosterFile } from './roster-file.ts'
import type { ClusterEvent, OnClusterEvent } from '../cluster-event.ts'
import type { Whisper } from '../membership/whisper.ts'
import type { ClusterRosterOptions } from './cluster-roster.ts'
import { ClusterRoster } from './cluster-roster.ts'
import { newsIntervalMs, toldOfOneName } from './news-of-processes.ts'
import { goneAfterMs } from './registry.ts'
import { settleWithinMs } from './settling.ts'
import { TidingsError } from '../../base/tidings-error.ts'

const incarnation = '0123456789abcdef'.repeat(2)
const ports = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'tidings-roster-plane-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function startPlane(
  folder: string,
  toProcess: (route: string, message: ClusterMessage) => void = () => undefined,
  file = new RosterFile(folder, 'a', 6000),
  clock: Clock = systemClock,
  more: Partial<ClusterRosterOptions> = {},
): ClusterRoster {
  return new ClusterRoster({
    node: 'a',
    mode: 'mesh',
    ports: new PortPool(ports, [], { first: 11_000, last: 55_535 }),
    listening: () => new Set(),
    file,
    clock,
    linkedNodes: [],
    toProcess,
    toNode: () => undefined,
    on: () => undefined,
    ...more,
  })
}

const registration = registrationOf(incarnation, { publishes: ['TRADE'] })

const register = (plane: ClusterRoster): void =>
  plane.register('route', {
    type: 'register',
    id: 1,
    registration,
    wantsPort: false,
    seen: { history: null, version: 0 },
  })

it('D23: a roster that begins without its file has another history; with it, the same', () => {
  const [one, two] = [path.join(directory, 'one'), path.join(directory, 'two')]
  const first = startPlane(one)
  register(first)
  first.flush()
  const again = startPlane(one).roster
  expect(again.history).toBe(first.roster.history)
  expect(again.version).toBeGreaterThan(first.roster.version + 100_000)
  expect(again.get(incarnation)).toMatchObject({ process: 'P', publishes: ['TRADE'] })
  expect(startPlane(two).roster.history).not.toBe(first.roster.history)
})

it('shows a process as starting until it has taken its ports, and a script as healthy at once', () => {
  const plane = startPlane(directory)
  const shown = (fields: Partial<Registration>) => {
    const seen = { history: null, version: 0 }
    plane.register('route', {
      type: 'register',
      id: 1,
      registration: { ...registration, ...fields },
      wantsPort: false,
      seen,
    })
    plane.flush()
    return plane.processes('a').map(({ name, status }) => `${name} ${status}`)
  }
  expect(shown({})).toEqual(['P STARTING'])
  expect(shown({ place: { processPort: 11_000 } })).toEqual(['P STARTING'])
  expect(shown({ place: { processPort: 11_000, zeromqPort: 21_000 } })).toEqual(['P HEALTHY'])
  expect(shown({ process: 'S', role: 'script', incarnation: 'f'.repeat(32) })).toContain(
    'S HEALTHY',
  )
})

it('D23: a process is in the file before it is acknowledged', () => {
  const file = new RosterFile(directory, 'a', 6000)
  const kept: unknown[] = []
  const plane = startPlane(directory, (_, { type }) => {
    if (type === 'registered') kept.push(file.load())
  })
  register(plane)
  plane.flush()
  expect(kept).toMatchObject([{ processes: [{ entry: { incarnation } }] }])
})

it('D23: a new history is told to every process, with everything', () => {
  class ReadOnlyFile extends RosterFile {
    isReadOnly = false
    override save(...roster: Parameters<RosterFile['save']>): void {
      if (this.isReadOnly) throw new Error('EROFS: read-only file system')
      super.save(...roster)
    }
    override discard(): boolean {
      return false
    }
  }
  const file = new ReadOnlyFile(directory, 'a', 6000)
  const told: ClusterMessage[] = []
  const plane = startPlane(directory, (_, message) => told.push(message), file)
  register(plane)
  plane.flush()
  const { history } = plane.roster
  file.isReadOnly = true
  told.length = 0
  plane.register('route', {
    type: 'register',
    id: 2,
    registration: { ...registration, publishes: ['TRADE', 'ORDERS'] },
    wantsPort: false,
    seen: { history, version: plane.roster.version },
  })
  plane.flush()
  expect(plane.roster.history).not.toBe(history)
  const roster = told.find(({ type }) => type === 'roster')
  expect(roster).toMatchObject({
    history: plane.roster.history,
    since: 0,
    change: { histories: [{ node: 'a', history: plane.roster.history }] },
  })
})

it('D30: who was GENESIS_CLUSTER in the last run has ended', () => {
  const own = {
    ...registration,
    process: 'GENESIS_CLUSTER',
    role: 'cluster',
    publishes: [],
  } as const
  const first = startPlane(directory)
  const seen = { history: null, version: 0 }
  const message = { type: 'register', id: 0, seen, registration: own, wantsPort: false } as const
  first.register(null, message)
  first.flush()
  const again = startPlane(directory)
  expect(again.roster.get(incarnation)).toMatchObject({ state: 'ended', last: [] })
  again.register(null, { ...message, registration: { ...own, incarnation: 'f'.repeat(32) } })
  expect([...again.registry.processes()]).toHaveLength(1)
})

it('D30: nobody knows the last numbers of what foreign programs published in the last run', () => {
  const intake = { ...registration, process: 'GENESIS_CLUSTER', role: 'cluster' } as const
  const first = startPlane(directory)
  const seen = { history: null, version: 0 }
  first.register('route', { type: 'register', id: 1, seen, registration: intake, wantsPort: false })
  first.flush()
  const again = startPlane(directory)
  expect(again.roster.get(incarnation)).toMatchObject({ state: 'ended', last: null })
})

it('D30: when a connection has ended all are asked at once, and once more when the socket knows', () => {
  let now = 1_000
  let asked = 0
  const clock: Clock = { ...systemClock, now: () => now }
  const plane = startPlane(
    directory,
    (_, { type }) => (asked += type === 'ask' ? 1 : 0),
    undefined,
    clock,
  )
  register(plane)
  plane.connectionEnded()
  expect(asked).toBe(1)
  plane.tick(0)
  expect(asked).toBe(1)
  now += 200
  plane.tick(0)
  expect(asked).toBe(2)
  now += 200
  plane.tick(0)
  expect(asked).toBe(2)
})

it('D23: what cannot be told to another node is said to people, and the rest goes on', async () => {
  const said: ClusterEvent[] = []
  const told: string[] = []
  let isTooLong = true
  const toNode = (_: string, whisper: Whisper): void => {
    if (isTooLong)
      throw new TidingsError('LIMIT_EXCEEDED', 'a whisper of that many bytes is too long')
    told.push(whisper.type)
  }
  const on: OnClusterEvent = (event) => said.push(event)
  const plane = startPlane(directory, undefined, undefined, undefined, {
    linkedNodes: ['b'],
    toNode,
    on,
  })
  plane.whispered('b', { type: 'seen', seen: { history: null, version: 0 } })
  register(plane)
  // It is told by itself, at the end of the turn.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const warnings = said.filter(({ type }) => type === 'warning')
  expect(warnings).toMatchObject([{ message: expect.stringContaining('too long') }])
  isTooLong = false
  plane.whispered('b', { type: 'seen', seen: { history: null, version: 0 } })
  expect(told).toEqual(['roster'])
})

it('tells by name and instance who has not come back since the last run', () => {
  let now = 1_000
  const clock: Clock = { ...systemClock, now: () => now }
  const first = startPlane(directory, undefined, undefined, clock)
  const seen = { history: null, version: 0 }
  const replica = { ...registration, instance: 'b' }
  first.register('route', {
    type: 'register',
    id: 1,
    registration: replica,
    wantsPort: false,
    seen,
  })
  first.flush()
  const said: ClusterEvent[] = []
  const again = startPlane(directory, undefined, undefined, clock, {
    on: (event) => void said.push(event),
  })
  again.tick(0)
  now += settleWithinMs
  again.tick(0)
  expect(said.filter(({ type }) => type === 'unreachable')).toMatchObject([{ names: ['P/b'] }])
})

it('says all news of a process by its name and instance', () => {
  let now = 1_000
  const said: ClusterEvent[] = []
  const clock: Clock = { ...systemClock, now: () => now }
  const on: OnClusterEvent = (event) => void said.push(event)
  const plane = startPlane(directory, undefined, undefined, clock, { on })
  let id = 0
  const says = (fields: Partial<Registration> = {}) => {
    const each = { ...registration, instance: 'b', ...fields }
    const seen = { history: null, version: 0 }
    const message = { type: 'register', id: ++id, seen, wantsPort: false } as const
    plane.register(`of ${each.pid}`, { ...message, registration: each })
  }
  says()
  says({ pid: 2, incarnation: 'f'.repeat(32) })
  plane.here('of 1', { type: 'here', incarnation })
  now += goneAfterMs
  plane.tick(0)
  says()
  says({ state: 'ended', last: [] })
  const news = said.filter((event) => event.type === 'process')
  expect(news.map(({ message }) => message)).toEqual([
    'process P/b registered: pid 1',
    'process P/b waits: a process P/b (pid 1) held the name last, and is asked whether it is there',
    expect.stringMatching(/^process P\/b refused: a process P\/b runs on a already \(pid 1, /),
    'process P/b is gone: silent for 10 s',
    'process P/b is back: pid 1',
    'process P/b ended: it said so',
  ])
  expect(new Set(news.map((event) => `${event.process} ${event.instance}`))).toEqual(
    new Set(['P b']),
  )
})

it('who begins to wait for a name has nobody looked at that waits already', () => {
  const plane = startPlane(directory)
  register(plane)
  let looked = 0
  const seen = { history: null, version: 0 }
  const claim = { type: 'register', id: 1, seen, wantsPort: false } as const
  const first = {
    ...registration,
    pid: 2,
    incarnation: randomId(),
    get process() {
      looked += 1
      return registration.process
    },
  }
  plane.register('of 2', { ...claim, registration: first })
  const ofTheFirst = looked
  for (let pid = 3; pid < 100; pid += 1) {
    const next = { ...registration, pid, incarnation: randomId() }
    plane.register(`of ${pid}`, { ...claim, registration: next })
  }
  expect(looked).toBe(ofTheFirst)
  plane.tick(0)
  expect(looked).toBeGreaterThan(ofTheFirst)
})

it('tells together what there is too much of to tell of processes', () => {
  let now = 1_000
  const said: ClusterEvent[] = []
  const clock: Clock = { ...systemClock, now: () => now }
  const on: OnClusterEvent = (event) => void said.push(event)
  const plane = startPlane(directory, undefined, undefined, clock, { on })
  const seen = { history: null, version: 0 }
  const message = { type: 'register', id: 1, seen, wantsPort: false } as const
  for (let life = 0; life < 100; life += 1) {
    const each = { ...registration, mode: 'proxy', incarnation: randomId() } as const
    plane.register('route', { ...message, registration: each })
  }
  now += newsIntervalMs
  plane.tick(0)
  const counts = said.map((event) => (event.type === 'left-out' ? event.count : 0))
  expect(counts).toEqual([...Array<number>(toldOfOneName).fill(0), 100 - toldOfOneName])
})
