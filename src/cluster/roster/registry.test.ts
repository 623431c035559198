import { beforeEach, describe, expect, test } from 'vitest'
import type { Registration } from '../../model/roster-entry.ts'
import { PortPool } from '../bus/port-pool.ts'
import { answerWithinMs, leavingSilentMs, reclaimWithinMs } from './name-claims.ts'
import type { RegisterOutcome } from './registry.ts'
import { Registry, goneAfterMs, goneKeptMs, returnWithinMs } from './registry.ts'
import { Roster, endedKeptMs } from './roster.ts'

const nodePorts = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }

let roster: Roster
let registry: Registry
/** Connections on which a process was asked whether it is there. */
let asked: string[]

beforeEach(() => {
  asked = []
  roster = new Roster('a', 'h', 0)
  registry = newRegistry()
})

const newRegistry = (now = 0): Registry =>
  new Registry({
    roster,
    mode: 'mesh',
    ports: new PortPool(nodePorts, [11_000]),
    listening: () => new Set([21_001]),
    ask: (route) => asked.push(route),
    now,
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

/** Each incarnation has a connection of its own, named like it. */
function register(
  incarnation: string,
  more: Partial<Registration> = {},
  now = 0,
  wantsPort = false,
): RegisterOutcome {
  const seen = { history: null, version: 0 }
  const message = { type: 'register', id: 1, seen, wantsPort } as const
  return registry.register(
    { ...message, registration: registration(incarnation, more) },
    incarnation,
    now,
  )
}

/** Registers whoever need not wait any longer. */
function registerWaiting(now: number): RegisterOutcome[] {
  const outcomes: RegisterOutcome[] = []
  for (let claim = registry.readyClaim(now); claim; claim = registry.readyClaim(now))
    outcomes.push(registry.register(claim.message, claim.route, now))
  return outcomes
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

describe('a name', () => {
  const second = { pid: 2 }

  test('D23: is free for another instance', () => {
    register('1')
    expect(register('2', { pid: 2, instance: 'x' })).toMatchObject({ type: 'registered' })
  })

  test('D23: is kept by whoever answers for it on its connection', () => {
    register('1')
    expect(register('2', second, 10)).toMatchObject({ type: 'waiting', isNew: true })
    expect(asked).toEqual(['1'])
    expect(register('2', second, 20)).toMatchObject({ type: 'waiting', isNew: false })
    expect(registerWaiting(30)).toEqual([])
    registry.here('1', '1', 40)
    expect(registerWaiting(40)).toMatchObject([{ type: 'refused', code: 'NAME_TAKEN' }])
    expect(asked).toEqual(['1'])
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: is kept by a heartbeat, too', () => {
    register('1')
    register('2', second, 10)
    register('1', {}, 500)
    expect(registerWaiting(500)).toMatchObject([{ type: 'refused' }])
  })

  test('D23: is not kept by a word that comes on another connection', () => {
    register('1')
    register('2', second)
    registry.here('1', 'elsewhere', 10)
    expect(registerWaiting(10)).toEqual([])
  })

  test('D30: is lost by whoever does not answer in time, which has ended', () => {
    register('1', {}, 0)
    register('2', second, 10)
    expect(registerWaiting(10 + answerWithinMs - 1)).toEqual([])
    expect(registerWaiting(10 + answerWithinMs)).toMatchObject([{ type: 'registered' }])
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: null })
    expect(registry.takeEnds()).toMatchObject([{ state: 'ended', process: { route: '1' } }])
  })

  test('D30: whoever has lost it is told so when it comes back', () => {
    register('1')
    register('2', second)
    registerWaiting(answerWithinMs)
    const [end] = registry.takeEnds()
    expect(end?.farewell).toMatch(/lost its name.*pid 2/)
    const outcome = register('1', {}, answerWithinMs + 1)
    expect(outcome).toMatchObject({ type: 'refused', code: 'NAME_TAKEN', message: end?.farewell })
    expect(stateOf('2')).toBe('alive')
  })

  test('D30: is not lost for the time in which we stood still', () => {
    register('1')
    register('2', second)
    registry.tick(5_000, 4_900)
    expect(registerWaiting(5_000)).toEqual([])
    registry.here('1', '1', 5_001)
    expect(registerWaiting(5_001)).toMatchObject([{ type: 'refused' }])
  })

  test('D23: is free at once when the connection of its process has ended', () => {
    register('1')
    registry.connectionEnded('1', 5)
    expect(register('2', second, 6)).toMatchObject({ type: 'registered' })
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: null })
  })

  test('D23: is free when its connection turns out to have ended, since asking failed', () => {
    register('1')
    expect(register('2', second, 1)).toMatchObject({ type: 'waiting' })
    registry.connectionEnded('1', 2)
    expect(registerWaiting(2)).toMatchObject([{ type: 'registered' }])
  })

  test('D30: is waited for while its process is leaving, and had when that has ended', () => {
    const last = [{ table: 'T', last: 3 }]
    register('1', { state: 'leaving', last })
    register('2', second, 1)
    registry.here('1', '1', 2)
    for (let now = 1_000; now <= 9_000; now += 1_000) {
      register('1', { state: 'leaving', last }, now)
      expect(registerWaiting(now)).toEqual([])
    }
    register('1', { state: 'ended', last }, 9_001)
    expect(registerWaiting(9_001)).toMatchObject([{ type: 'registered' }])
    expect(roster.get('1')).toMatchObject({ state: 'ended', last })
  })

  test('D23: is lost by one that was leaving and fell silent; its last numbers stay', () => {
    const last = [{ table: 'T', last: 3 }]
    register('1', { state: 'leaving', last })
    register('2', second, 1)
    registry.here('1', '1', 2)
    expect(registerWaiting(2 + leavingSilentMs - 1)).toEqual([])
    expect(registerWaiting(2 + leavingSilentMs)).toMatchObject([{ type: 'registered' }])
    expect(roster.get('1')).toMatchObject({ state: 'ended', last })
  })

  test('D23: of two that wait for it the first has it, and the other is judged by that one', () => {
    register('1')
    register('2', second, 1)
    register('3', { pid: 3 }, 2)
    registry.connectionEnded('1', 3)
    expect(registerWaiting(3)).toMatchObject([{ type: 'registered' }])
    expect(asked).toEqual(['1', '1', '2'])
    registry.here('2', '2', 4)
    expect(registerWaiting(4)).toMatchObject([{ type: 'refused' }])
    expect(stateOf('2')).toBe('alive')
  })

  test('D23: nobody waits for it who has gone away', () => {
    register('1')
    register('2', second)
    registry.connectionEnded('2', 1)
    expect(registerWaiting(answerWithinMs)).toEqual([])
    register('3', { pid: 3 })
    register('3', { pid: 3, state: 'ended', last: [] }, 1)
    expect(registerWaiting(answerWithinMs)).toEqual([])
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: is not held by the file of the last run, once whoever lives has had time to come', () => {
    registry = newRegistry(100)
    registry.adopt(registration('1'), 100)
    expect(register('2', second, 101)).toMatchObject({ type: 'waiting' })
    expect(registerWaiting(100 + reclaimWithinMs - 1)).toEqual([])
    expect(registerWaiting(100 + reclaimWithinMs)).toMatchObject([{ type: 'registered' }])
    expect(stateOf('1')).toBe('ended')
    registry.adopt(registration('9', { process: 'Q' }), 100)
    expect(register('8', { process: 'Q' }, 10_000)).toMatchObject({ type: 'registered' })
  })

  test('D23: after a restart it is kept by a process that comes back in time', () => {
    registry.adopt(registration('1'), 0)
    register('2', second, 1)
    register('1', {}, 500)
    expect(registerWaiting(500)).toMatchObject([{ type: 'refused' }])
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: of GENESIS_CLUSTER itself is nobody else’s, and it asks nobody', () => {
    const own = registration('9', { process: 'GENESIS_CLUSTER', role: 'cluster' })
    registry.adopt(registration('8', { process: 'GENESIS_CLUSTER' }), 0)
    const seen = { history: null, version: 0 }
    const message = { type: 'register', id: 0, seen, registration: own, wantsPort: false } as const
    expect(registry.register(message, null, 0)).toMatchObject({ type: 'registered' })
    const twin = register('7', { process: 'GENESIS_CLUSTER', pid: 3 }, reclaimWithinMs)
    expect(twin).toMatchObject({ type: 'refused', code: 'NAME_TAKEN' })
  })
})

describe('ends', () => {
  test('D20: of one that died unheard since the restart, what it was known for says nothing', () => {
    const standing = { subscribes: ['TRADE'], publishes: ['ORDERS'] }
    register('1', standing)
    registry.adopt(registration('2', { ...standing, process: 'Q', pid: 2 }), 0)
    registry.connectionEnded('1', 0)
    registry.tick(returnWithinMs, 0)
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: null, ...standing })
    register('3', { process: 'Q', pid: 3 }, reclaimWithinMs)
    const nothing = { subscribes: [], publishes: [] }
    expect(roster.get('2')).toMatchObject({ state: 'ended', last: null, ...nothing })
  })

  test('D30: one that does not come back after a restart has ended, and may come back later', () => {
    registry.adopt(registration('1', { subscribes: ['TRADE'] }), 0)
    registry.tick(goneAfterMs - 1, 0)
    expect(registry.get('1')?.state).toBe('alive')
    registry.tick(goneAfterMs, 0)
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: null, subscribes: [] })
    expect(register('1', {}, goneAfterMs + 1)).toMatchObject({ news: 'back' })
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: whose connection has ended and who does not come back has ended, without last numbers', () => {
    register('1')
    registry.connectionEnded('1', 100)
    registry.connectionEnded('1', 300)
    registry.tick(100 + returnWithinMs - 1, 0)
    expect(stateOf('1')).toBe('alive')
    registry.tick(100 + returnWithinMs, 0)
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: null })
    expect(registry.takeEnds()).toMatchObject([{ state: 'ended', farewell: null }])
    expect(registry.takeEnds()).toEqual([])
  })

  test('D23: who comes back on another connection in time has not ended', () => {
    register('1')
    registry.connectionEnded('1', 100)
    const seen = { history: null, version: 0 }
    const message = { type: 'register', id: 2, seen, wantsPort: false } as const
    registry.register({ ...message, registration: registration('1') }, 'other', 200)
    registry.connectionEnded('1', 250)
    registry.tick(100 + returnWithinMs, 0)
    expect(stateOf('1')).toBe('alive')
    expect(registry.routes()).toEqual(['other'])
  })

  test('D23: whose connection stands again has not ended, also if it says nothing', () => {
    register('1')
    registry.connectionEnded('1', 100)
    expect([...registry.endedRoutes()]).toEqual(['1'])
    registry.connectionIsOpen('1')
    expect([...registry.endedRoutes()]).toEqual([])
    registry.tick(100 + returnWithinMs, 0)
    expect(stateOf('1')).toBe('alive')
    registry.connectionEnded('1', 1_000)
    registry.tick(1_000 + returnWithinMs, 0)
    expect(stateOf('1')).toBe('ended')
    expect([...registry.endedRoutes()]).toEqual([])
  })

  test('D30: one that was leaving is back, too, and ends in good order', () => {
    const leaving = { state: 'leaving', last: [{ table: 'T', last: 3 }] } as const
    register('1', leaving)
    registry.connectionEnded('1', 0)
    registry.tick(returnWithinMs, 0)
    expect(register('1', leaving, 400)).toMatchObject({ type: 'registered', news: 'back' })
    expect(register('2', { pid: 2 }, 401)).toMatchObject({ type: 'waiting' })
    expect(register('1', { ...leaving, state: 'ended' }, 500)).toMatchObject({ type: 'registered' })
    expect(registerWaiting(500)).toMatchObject([{ type: 'registered' }])
    expect(roster.get('1')).toMatchObject({ state: 'ended', last: leaving.last })
  })

  test('D30: one that was leaving is not back when another has its name', () => {
    const leaving = { state: 'leaving', last: [{ table: 'T', last: 3 }] } as const
    register('1', leaving)
    registry.connectionEnded('1', 0)
    register('2', { pid: 2 }, 1)
    expect(register('1', leaving, 400)).toMatchObject({ type: 'refused', code: 'NAME_TAKEN' })
  })

  test('D30: who was taken for dead and lives is back, as long as nobody has its name', () => {
    register('1')
    registry.connectionEnded('1', 0)
    registry.tick(returnWithinMs, 0)
    expect(stateOf('1')).toBe('ended')
    expect(register('1', {}, 20_000)).toMatchObject({ type: 'registered', news: 'back' })
    expect(stateOf('1')).toBe('alive')
    registry.connectionEnded('1', 20_001)
    expect(register('2', { pid: 2 }, 20_002)).toMatchObject({ news: 'registered' })
    expect(register('1', {}, 20_003)).toMatchObject({ type: 'refused' })
  })

  test('D23: the last numbers of one that was leaving stay when its connection ends', () => {
    const last = [{ table: 'T', last: 3 }]
    register('1', { state: 'leaving', last })
    registry.connectionEnded('1', 0)
    registry.tick(returnWithinMs, 0)
    expect(roster.get('1')).toMatchObject({ state: 'ended', last })
  })

  test('D23: silence makes a process gone, a word makes it alive again', () => {
    register('1')
    registry.tick(goneAfterMs - 1, 0)
    expect(stateOf('1')).toBe('alive')
    registry.tick(goneAfterMs, 0)
    expect(stateOf('1')).toBe('gone')
    expect(registry.takeEnds()).toMatchObject([{ state: 'gone' }])
    expect(register('1', {}, goneAfterMs + 1)).toMatchObject({ news: 'back' })
    expect(stateOf('1')).toBe('alive')
  })

  test('D23: nobody is charged for the time in which we stood still', () => {
    register('1')
    register('2', { process: 'Q' })
    registry.connectionEnded('2', 10)
    registry.tick(goneAfterMs * 6, goneAfterMs * 6)
    expect(stateOf('1')).toBe('alive')
    expect(stateOf('2')).toBe('alive')
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

test('D30: what is read behind the end of its connection does not bring a dead process back', () => {
  register('1', {}, 0)
  registry.connectionEnded('1', 10)
  register('1', { publishes: ['T'] }, 11)
  registry.tick(10 + returnWithinMs, 0)
  expect(roster.get('1')).toMatchObject({ state: 'ended', publishes: ['T'] })
})

describe('messages', () => {
  const send = (incarnation: string, route: string, id: number, now: number, process = 'P') =>
    registry.register(
      {
        type: 'register',
        id,
        seen: { history: null, version: 0 },
        wantsPort: false,
        registration: registration(incarnation, { process }),
      },
      route,
      now,
    )

  test('D30: an old one that is read last does not put a live process on a connection that has ended', () => {
    send('1', 'old', 1, 0)
    send('1', 'new', 3, 10)
    expect(send('1', 'old', 2, 11)).toEqual({ type: 'past' })
    expect(registry.get('1')).toMatchObject({ route: 'new', lastHeard: 10 })
    registry.connectionEnded('old', 12)
    registry.tick(12 + returnWithinMs, 0)
    expect(stateOf('1')).toBe('alive')
  })

  test('D30: an old one brings nobody back who has ended by his own word', () => {
    register('1', { state: 'alive' })
    const ended = registration('1', { state: 'ended', last: [] })
    const seen = { history: null, version: 0 }
    const message = {
      type: 'register',
      id: 3,
      seen,
      wantsPort: false,
      registration: ended,
    } as const
    registry.register(message, 'new', 1)
    expect(send('1', 'old', 2, 2)).toEqual({ type: 'past' })
  })

  test('D30: an old one does not lead a process that waits for a name to a connection that has ended', () => {
    send('1', 'holder', 1, 0)
    send('2', 'new', 3, 1)
    expect(send('2', 'old', 2, 2)).toEqual({ type: 'past' })
    registry.connectionEnded('old', 3)
    registry.connectionEnded('holder', 4)
    expect(registerWaiting(4)).toMatchObject([{ type: 'registered', process: { route: 'new' } }])
  })

  test('D30: are remembered no longer than those who said them', () => {
    for (let n = 0; n < 5; n += 1) send(`${n}`, `${n}`, 7, 0, `P${n}`)
    for (let n = 0; n < 5; n += 1) registry.connectionEnded(`${n}`, 1)
    registry.tick(1 + returnWithinMs, 0)
    roster.expire(endedKeptMs + 1_000)
    expect(stateOf('0')).toBeUndefined()
    registry.tick(endedKeptMs + 1_000, 0)
    expect(send('0', 'again', 1, endedKeptMs + 1_001, 'P0')).toMatchObject({ type: 'registered' })
  })
})

test('D30: all names on one connection end with it', () => {
  const names = ['1', '2', '3']
  const seen = { history: null, version: 0 }
  for (const name of names)
    registry.register(
      {
        type: 'register',
        id: 1,
        seen,
        wantsPort: false,
        registration: registration(name, { process: `P${name}` }),
      },
      'one',
      0,
    )
  // One of them leaves it, on its own connection from now on.
  register('3', { process: 'P3' }, 5)
  registry.connectionEnded('one', 10)
  registry.tick(10 + returnWithinMs, 0)
  expect(names.map(stateOf)).toEqual(['ended', 'ended', 'alive'])
  expect(registry.routes()).toEqual(['3'])
})
