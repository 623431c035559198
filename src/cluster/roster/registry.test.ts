import { beforeEach, describe, expect, test } from 'vitest'
import { registrationOf } from '../../../test/harness/registration.ts'
import { RegistryStage } from '../../../test/harness/registry-stage.ts'
import { reclaimWithinMs } from './name-claims.ts'
import { goneAfterMs, goneKeptMs, returnWithinMs } from './registry.ts'
import { endedKeptMs } from './roster.ts'

let stage: RegistryStage
beforeEach(() => {
  stage = new RegistryStage()
})

describe('ports', () => {
  test('D23: hands out the lowest free one, the same again to the same, none of the taken ones', () => {
    // 11000 is a service's, 11001 + 10000 is listened at.
    const first = stage.register('1', {}, 0, true)
    expect(first).toMatchObject({ process: { registration: { place: { processPort: 11_002 } } } })
    expect(stage.register('1', {}, 0, true)).toMatchObject({
      process: { registration: { place: { processPort: 11_002 } } },
    })
    stage.register('2', { process: 'Q', pid: 2, place: { processPort: 11_003 } })
    expect(stage.register('3', { process: 'R', pid: 3 }, 0, true)).toMatchObject({
      process: { registration: { place: { processPort: 11_004 } } },
    })
  })

  test('D23: a port is free again two seconds after its process has ended', () => {
    stage.register('1', {}, 0, true)
    stage.register('1', { state: 'ended', last: [] })
    expect(stage.register('2', {}, 100, true)).toMatchObject({
      process: { registration: { place: { processPort: 11_003 } } },
    })
    expect(stage.register('3', { process: 'OTHER' }, 2_000, true)).toMatchObject({
      process: { registration: { place: { processPort: 11_002 } } },
    })
  })

  test('D23: scripts get none', () => {
    expect(stage.register('1', { role: 'script' })).toMatchObject({
      process: { registration: { place: null } },
    })
  })
})

describe('refusals', () => {
  test('D23: another mode', () => {
    expect(stage.register('1', { mode: 'proxy' })).toMatchObject({ code: 'MODE_MISMATCH' })
    expect(stage.roster.entries()).toEqual([])
  })

  test('D23: another node', () => {
    const outcome = stage.register('1', { node: 'b' })
    expect(outcome).toMatchObject({ code: 'MODE_MISMATCH' })
    expect(outcome.type === 'refused' && outcome.message).toMatch(/for b, .* for a/)
  })

  test('D23: an incarnation that lives in another process', () => {
    stage.register('1')
    expect(stage.register('1', { pid: 2 })).toMatchObject({ code: 'NAME_TAKEN' })
  })

  test('D23: an incarnation that has ended', () => {
    stage.register('1', { state: 'ended', last: [] })
    expect(stage.register('1')).toMatchObject({ code: 'NAME_TAKEN' })
    expect(stage.register('1', { state: 'ended', last: [] })).toMatchObject({ type: 'registered' })
  })
})

describe('ends', () => {
  test('D20: of one that died unheard since the restart, what it was known for says nothing', () => {
    const standing = { subscribes: ['TRADE'], publishes: ['ORDERS'] }
    stage.register('1', standing)
    stage.registry.adopt(registrationOf('2', { ...standing, process: 'Q', pid: 2 }), 0)
    stage.registry.connectionEnded('1', 0)
    stage.registry.tick(returnWithinMs, 0)
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last: null, ...standing })
    stage.register('3', { process: 'Q', pid: 3 }, reclaimWithinMs)
    const nothing = { subscribes: [], publishes: [] }
    expect(stage.roster.get('2')).toMatchObject({ state: 'ended', last: null, ...nothing })
  })

  test('D30: one that does not come back after a restart has ended, and may come back later', () => {
    stage.registry.adopt(registrationOf('1', { subscribes: ['TRADE'] }), 0)
    stage.registry.tick(goneAfterMs - 1, 0)
    expect(stage.registry.get('1')?.state).toBe('alive')
    stage.registry.tick(goneAfterMs, 0)
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last: null, subscribes: [] })
    expect(stage.register('1', {}, goneAfterMs + 1)).toMatchObject({ news: 'back' })
    expect(stage.stateOf('1')).toBe('alive')
  })

  test('D23: whose connection has ended and who does not come back has ended, without last numbers', () => {
    stage.register('1')
    stage.registry.connectionEnded('1', 100)
    stage.registry.connectionEnded('1', 300)
    stage.registry.tick(100 + returnWithinMs - 1, 0)
    expect(stage.stateOf('1')).toBe('alive')
    stage.registry.tick(100 + returnWithinMs, 0)
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last: null })
    expect(stage.registry.takeEnds()).toMatchObject([{ state: 'ended', farewell: null }])
    expect(stage.registry.takeEnds()).toEqual([])
  })

  test('D23: who comes back on another connection in time has not ended', () => {
    stage.register('1')
    stage.registry.connectionEnded('1', 100)
    const seen = { history: null, version: 0 }
    const message = { type: 'register', id: 2, seen, wantsPort: false } as const
    stage.registry.register({ ...message, registration: registrationOf('1') }, 'other', 200)
    stage.registry.connectionEnded('1', 250)
    stage.registry.tick(100 + returnWithinMs, 0)
    expect(stage.stateOf('1')).toBe('alive')
    expect(stage.registry.routes()).toEqual(['other'])
  })

  test('D23: whose connection stands again has not ended, also if it says nothing', () => {
    stage.register('1')
    stage.registry.connectionEnded('1', 100)
    expect([...stage.registry.endedRoutes()]).toEqual(['1'])
    stage.registry.connectionIsOpen('1')
    expect([...stage.registry.endedRoutes()]).toEqual([])
    stage.registry.tick(100 + returnWithinMs, 0)
    expect(stage.stateOf('1')).toBe('alive')
    stage.registry.connectionEnded('1', 1_000)
    stage.registry.tick(1_000 + returnWithinMs, 0)
    expect(stage.stateOf('1')).toBe('ended')
    expect([...stage.registry.endedRoutes()]).toEqual([])
  })

  test('D30: one that was leaving is back, too, and ends in good order', () => {
    const leaving = { state: 'leaving', last: [{ table: 'T', last: 3 }] } as const
    stage.register('1', leaving)
    stage.registry.connectionEnded('1', 0)
    stage.registry.tick(returnWithinMs, 0)
    expect(stage.register('1', leaving, 400)).toMatchObject({ type: 'registered', news: 'back' })
    expect(stage.register('2', { pid: 2 }, 401)).toMatchObject({ type: 'waiting' })
    expect(stage.register('1', { ...leaving, state: 'ended' }, 500)).toMatchObject({
      type: 'registered',
    })
    expect(stage.registerWaiting(500)).toMatchObject([{ type: 'registered' }])
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last: leaving.last })
  })

  test('D30: one that was leaving is not back when another has its name', () => {
    const leaving = { state: 'leaving', last: [{ table: 'T', last: 3 }] } as const
    stage.register('1', leaving)
    stage.registry.connectionEnded('1', 0)
    stage.register('2', { pid: 2 }, 1)
    expect(stage.register('1', leaving, 400)).toMatchObject({ type: 'refused', code: 'NAME_TAKEN' })
  })

  test('D30: who was taken for dead and lives is back, as long as nobody has its name', () => {
    stage.register('1')
    stage.registry.connectionEnded('1', 0)
    stage.registry.tick(returnWithinMs, 0)
    expect(stage.stateOf('1')).toBe('ended')
    expect(stage.register('1', {}, 20_000)).toMatchObject({ type: 'registered', news: 'back' })
    expect(stage.stateOf('1')).toBe('alive')
    stage.registry.connectionEnded('1', 20_001)
    expect(stage.register('2', { pid: 2 }, 20_002)).toMatchObject({ news: 'registered' })
    expect(stage.register('1', {}, 20_003)).toMatchObject({ type: 'refused' })
  })

  test('D23: the last numbers of one that was leaving stay when its connection ends', () => {
    const last = [{ table: 'T', last: 3 }]
    stage.register('1', { state: 'leaving', last })
    stage.registry.connectionEnded('1', 0)
    stage.registry.tick(returnWithinMs, 0)
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last })
  })

  test('D23: silence makes a process gone, a word makes it alive again', () => {
    stage.register('1')
    stage.registry.tick(goneAfterMs - 1, 0)
    expect(stage.stateOf('1')).toBe('alive')
    stage.registry.tick(goneAfterMs, 0)
    expect(stage.stateOf('1')).toBe('gone')
    expect(stage.registry.takeEnds()).toMatchObject([{ state: 'gone' }])
    expect(stage.register('1', {}, goneAfterMs + 1)).toMatchObject({ news: 'back' })
    expect(stage.stateOf('1')).toBe('alive')
  })

  test('D23: nobody is charged for the time in which we stood still', () => {
    stage.register('1')
    stage.register('2', { process: 'Q' })
    stage.registry.connectionEnded('2', 10)
    stage.registry.tick(goneAfterMs * 6, goneAfterMs * 6)
    expect(stage.stateOf('1')).toBe('alive')
    expect(stage.stateOf('2')).toBe('alive')
  })

  test('D23: who stays gone is forgotten in the end', () => {
    stage.register('1')
    stage.registry.tick(goneKeptMs, 0)
    expect(stage.stateOf('1')).toBeUndefined()
    expect([...stage.registry.processes()]).toEqual([])
  })
})

test('D23: the rate is taken over a few heartbeats', () => {
  for (const [second, last] of [0, 100, 300, 600, 1_000].entries()) {
    stage.register('1', { sequences: [{ table: 'T', last }] }, second * 1_000)
  }
  // The window holds three seconds: from 100 to 1,000.
  expect(stage.registry.get('1')?.rate.perSecond()).toBe(300)
})

test('D30: what is read behind the end of its connection does not bring a dead process back', () => {
  stage.register('1', {}, 0)
  stage.registry.connectionEnded('1', 10)
  stage.register('1', { publishes: ['T'] }, 11)
  stage.registry.tick(10 + returnWithinMs, 0)
  expect(stage.roster.get('1')).toMatchObject({ state: 'ended', publishes: ['T'] })
})

describe('messages', () => {
  const send = (incarnation: string, route: string, id: number, now: number, process = 'P') =>
    stage.registry.register(
      {
        type: 'register',
        id,
        seen: { history: null, version: 0 },
        wantsPort: false,
        registration: registrationOf(incarnation, { process }),
      },
      route,
      now,
    )

  test('D30: an old one that is read last does not put a live process on a connection that has ended', () => {
    send('1', 'old', 1, 0)
    send('1', 'new', 3, 10)
    expect(send('1', 'old', 2, 11)).toEqual({ type: 'past' })
    expect(stage.registry.get('1')).toMatchObject({ route: 'new', lastHeard: 10 })
    stage.registry.connectionEnded('old', 12)
    stage.registry.tick(12 + returnWithinMs, 0)
    expect(stage.stateOf('1')).toBe('alive')
  })

  test('D30: an old one brings nobody back who has ended by his own word', () => {
    stage.register('1', { state: 'alive' })
    const ended = registrationOf('1', { state: 'ended', last: [] })
    const seen = { history: null, version: 0 }
    const message = {
      type: 'register',
      id: 3,
      seen,
      wantsPort: false,
      registration: ended,
    } as const
    stage.registry.register(message, 'new', 1)
    expect(send('1', 'old', 2, 2)).toEqual({ type: 'past' })
  })

  test('D30: an old one does not lead a process that waits for a name to a connection that has ended', () => {
    send('1', 'holder', 1, 0)
    send('2', 'new', 3, 1)
    expect(send('2', 'old', 2, 2)).toEqual({ type: 'past' })
    stage.registry.connectionEnded('old', 3)
    stage.registry.connectionEnded('holder', 4)
    expect(stage.registerWaiting(4)).toMatchObject([
      { type: 'registered', process: { route: 'new' } },
    ])
  })

  test('D30: are remembered no longer than those who said them', () => {
    for (let n = 0; n < 5; n += 1) send(`${n}`, `${n}`, 7, 0, `P${n}`)
    for (let n = 0; n < 5; n += 1) stage.registry.connectionEnded(`${n}`, 1)
    stage.registry.tick(1 + returnWithinMs, 0)
    stage.roster.expire(endedKeptMs + 1_000)
    expect(stage.stateOf('0')).toBeUndefined()
    stage.registry.tick(endedKeptMs + 1_000, 0)
    expect(send('0', 'again', 1, endedKeptMs + 1_001, 'P0')).toMatchObject({ type: 'registered' })
  })
})

test('D30: all names on one connection end with it', () => {
  const names = ['1', '2', '3']
  const seen = { history: null, version: 0 }
  for (const name of names)
    stage.registry.register(
      {
        type: 'register',
        id: 1,
        seen,
        wantsPort: false,
        registration: registrationOf(name, { process: `P${name}` }),
      },
      'one',
      0,
    )
  // One of them leaves it, on its own connection from now on.
  stage.register('3', { process: 'P3' }, 5)
  stage.registry.connectionEnded('one', 10)
  stage.registry.tick(10 + returnWithinMs, 0)
  expect(names.map((each) => stage.stateOf(each))).toEqual(['ended', 'ended', 'alive'])
  expect(stage.registry.routes()).toEqual(['3'])
})
