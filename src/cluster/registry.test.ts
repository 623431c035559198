import { beforeEach, describe, expect, test } from 'vitest'
import type { Registration } from '../model/roster.ts'
import { PortPool } from './port-pool.ts'
import type { Liveness } from './process-liveness.ts'
import type { RegisterOutcome } from './registry.ts'
import { Registry, goneAfterMs, goneKeptMs, reopenedAfterMs } from './registry.ts'
import { Roster } from './roster.ts'

const nodePorts = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }

let roster: Roster
let registry: Registry
/** What the system would say of a pid; alive unless said otherwise. */
const fates = new Map<number, Liveness>()

beforeEach(() => {
  fates.clear()
  roster = new Roster('a', 'h', 0)
  registry = new Registry({
    roster,
    mode: 'mesh',
    ports: new PortPool(nodePorts, [11_000]),
    liveness: {
      identify: (pid) => (fates.get(pid) === 'unknown' ? null : String(pid)),
      check: (pid) => fates.get(pid) ?? 'alive',
    },
    listening: () => new Set([21_001]),
  })
})

const registration = (incarnation: string, more: Partial<Registration> = {}): Registration => ({
  node: 'a',
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
  state: 'alive',
  last: null,
  connections: { processes: 0, outbound: 0, inbound: 0, export: 0 },
  sequences: [],
  ...more,
})

function register(
  incarnation: string,
  more: Partial<Registration> = {},
  now = 0,
  wantsPort = false,
): RegisterOutcome {
  const seen = { history: null, version: 0 }
  const message = { type: 'register', id: 1, seen, wantsPort } as const
  return registry.register({ ...message, registration: registration(incarnation, more) }, 'r', now)
}

const stateOf = (incarnation: string) => roster.get(incarnation)?.state

describe('ports', () => {
  test('D23: hands out the lowest free one, the same again to the same, none of the taken ones', () => {
    // 11000 is a service's, 11001 + 10000 is listened at.
    const first = register('1', {}, 0, true)
    expect(first).toMatchObject({ process: { registration: { processPort: 11_002 } } })
    expect(register('1', {}, 0, true)).toMatchObject({
      process: { registration: { processPort: 11_002 } },
    })
    register('2', { process: 'Q', pid: 2, processPort: 11_003 })
    expect(register('3', { process: 'R', pid: 3 }, 0, true)).toMatchObject({
      process: { registration: { processPort: 11_004 } },
    })
  })

  test('D23: a port is free again when its process has ended', () => {
    register('1', {}, 0, true)
    register('1', { state: 'ended', last: [] })
    expect(register('2', {}, 0, true)).toMatchObject({
      process: { registration: { processPort: 11_002 } },
    })
  })

  test('D23: scripts get none', () => {
    expect(register('1', { role: 'script' })).toMatchObject({
      process: { registration: { processPort: null } },
    })
  })
})

describe('refusals', () => {
  test('D23: another mode', () => {
    expect(register('1', { mode: 'proxy' })).toMatchObject({ code: 'MODE_MISMATCH' })
    expect(roster.entries()).toEqual([])
  })

  test('D23: another node', () => {
    const outcome = register('1', { node: 'b' })
    expect(outcome).toMatchObject({ code: 'MODE_MISMATCH' })
    expect(outcome.type === 'refused' && outcome.message).toMatch(/for b, .* for a/)
  })

  test('D23: a live process of that name, however long it is silent', () => {
    register('1')
    expect(register('2', { pid: 2 }, goneAfterMs * 3)).toMatchObject({ code: 'NAME_TAKEN' })
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: an incarnation that lives in another process', () => {
    register('1')
    expect(register('1', { pid: 2 })).toMatchObject({ code: 'NAME_TAKEN' })
  })

  test('D23: an incarnation that has ended', () => {
    register('1', { state: 'ended', last: [] })
    expect(register('1')).toMatchObject({ code: 'NAME_TAKEN' })
    expect(register('1', { state: 'ended', last: [] })).toMatchObject({ type: 'registered' })
  })
})

describe('a name is free', () => {
  test('D23: for another instance', () => {
    register('1')
    expect(register('2', { pid: 2, instance: 'x' })).toMatchObject({ type: 'registered' })
  })

  test('D23: when its process is dead', () => {
    register('1')
    fates.set(1, 'dead')
    expect(register('2', { pid: 2 })).toMatchObject({ type: 'registered' })
    expect(stateOf('1')).toBe('ended')
  })

  test('D23: when a process of unknown fate is silent for long enough', () => {
    fates.set(1, 'unknown')
    register('1')
    expect(register('2', { pid: 2 }, goneAfterMs - 1)).toMatchObject({ code: 'NAME_TAKEN' })
    expect(register('2', { pid: 2 }, goneAfterMs)).toMatchObject({ type: 'registered' })
    expect(stateOf('1')).not.toBe('ended')
  })

  test('D23: when the same process opens the queue anew', () => {
    register('1')
    expect(register('2', {}, reopenedAfterMs - 1)).toMatchObject({ code: 'NAME_TAKEN' })
    expect(register('2', {}, reopenedAfterMs)).toMatchObject({ type: 'registered' })
    expect(stateOf('1')).toBe('ended')
  })

  test('D23: when the same process was leaving, at once, and its last numbers stay', () => {
    const last = [{ table: 'T', last: 3 }]
    register('1', { state: 'leaving', last })
    expect(register('2')).toMatchObject({ type: 'registered' })
    expect(roster.get('1')).toMatchObject({ state: 'ended', last })
  })
})

describe('ends', () => {
  test('D20: of one that died unheard since the restart, what it only subscribed to says nothing', () => {
    const standing = { subscribes: ['TRADE'] }
    register('1', standing)
    registry.adopt(registration('2', { ...standing, process: 'Q', pid: 2 }), null, 0)
    fates.set(1, 'dead').set(2, 'dead')
    registry.tick(1, 0)
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: null, subscribes: ['TRADE'] })
    expect(roster.get('2')).toMatchObject({ state: 'ended', last: null, subscribes: [] })
  })

  test('D23: a dead pid has ended at once, with unknown last numbers', () => {
    register('1')
    fates.set(1, 'dead')
    registry.tick(1, 0)
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: null })
    expect(registry.takeEnds()).toMatchObject([{ state: 'ended' }])
    expect(registry.takeEnds()).toEqual([])
  })

  test('D23: silence makes a process gone, a word makes it alive again', () => {
    register('1')
    registry.tick(goneAfterMs - 1, 0)
    expect(stateOf('1')).toBe('alive')
    registry.tick(goneAfterMs, 0)
    expect(stateOf('1')).toBe('gone')
    expect(registry.takeEnds()).toMatchObject([{ state: 'gone' }])
    register('1', {}, goneAfterMs + 1)
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: nobody is charged for the time in which we stood still', () => {
    register('1')
    registry.tick(goneAfterMs * 6, goneAfterMs * 6)
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: who stays gone is forgotten in the end', () => {
    register('1')
    registry.tick(goneKeptMs, 0)
    expect(stateOf('1')).toBeUndefined()
    expect([...registry.processes()]).toEqual([])
  })
})

test('D23: the rate is taken over a few heartbeats', () => {
  for (const [second, last] of [0, 100, 300, 600, 1_000].entries()) {
    register('1', { sequences: [{ table: 'T', last }] }, second * 1_000)
  }
  // The window holds three seconds: from 100 to 1,000.
  expect(registry.get('1')?.rate.perSecond()).toBe(300)
})
