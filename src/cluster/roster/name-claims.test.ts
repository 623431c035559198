import { beforeEach, describe, expect, test } from 'vitest'
import { registrationOf } from '../../../test/harness/registration.ts'
import { RegistryStage } from '../../../test/harness/registry-stage.ts'
import { answerWithinMs, leavingSilentMs, reclaimWithinMs } from './name-claims.ts'

let stage: RegistryStage
beforeEach(() => {
  stage = new RegistryStage()
})

describe('a name', () => {
  const second = { pid: 2 }

  test('D23: is free for another instance', () => {
    stage.register('1')
    expect(stage.register('2', { pid: 2, instance: 'x' })).toMatchObject({ type: 'registered' })
  })

  test('D23: is kept by whoever answers for it on its connection', () => {
    stage.register('1')
    expect(stage.register('2', second, 10)).toMatchObject({ type: 'waiting', isNew: true })
    expect(stage.asked).toEqual(['1'])
    expect(stage.register('2', second, 20)).toMatchObject({ type: 'waiting', isNew: false })
    expect(stage.registerWaiting(30)).toEqual([])
    stage.registry.here('1', '1', 40)
    expect(stage.registerWaiting(40)).toMatchObject([{ type: 'refused', code: 'NAME_TAKEN' }])
    expect(stage.asked).toEqual(['1'])
    expect(stage.stateOf('1')).toBe('alive')
  })

  test('D23: is kept by a heartbeat, too', () => {
    stage.register('1')
    stage.register('2', second, 10)
    stage.register('1', {}, 500)
    expect(stage.registerWaiting(500)).toMatchObject([{ type: 'refused' }])
  })

  test('D23: is not kept by a word that comes on another connection', () => {
    stage.register('1')
    stage.register('2', second)
    stage.registry.here('1', 'elsewhere', 10)
    expect(stage.registerWaiting(10)).toEqual([])
  })

  test('D30: is lost by whoever does not answer in time, which has ended', () => {
    stage.register('1', {}, 0)
    stage.register('2', second, 10)
    expect(stage.registerWaiting(10 + answerWithinMs - 1)).toEqual([])
    expect(stage.registerWaiting(10 + answerWithinMs)).toMatchObject([{ type: 'registered' }])
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last: null })
    expect(stage.registry.takeEnds()).toMatchObject([{ state: 'ended', process: { route: '1' } }])
  })

  test('D30: whoever has lost it is told so when it comes back', () => {
    stage.register('1')
    stage.register('2', second)
    stage.registerWaiting(answerWithinMs)
    const [end] = stage.registry.takeEnds()
    expect(end?.farewell).toMatch(/lost its name.*pid 2/)
    const outcome = stage.register('1', {}, answerWithinMs + 1)
    expect(outcome).toMatchObject({ type: 'refused', code: 'NAME_TAKEN', message: end?.farewell })
    expect(stage.stateOf('2')).toBe('alive')
  })

  test('D30: is not lost for the time in which we stood still', () => {
    stage.register('1')
    stage.register('2', second)
    stage.registry.tick(5_000, 4_900)
    expect(stage.registerWaiting(5_000)).toEqual([])
    stage.registry.here('1', '1', 5_001)
    expect(stage.registerWaiting(5_001)).toMatchObject([{ type: 'refused' }])
  })

  test('D23: is free at once when the connection of its process has ended', () => {
    stage.register('1')
    stage.registry.connectionEnded('1', 5)
    expect(stage.register('2', second, 6)).toMatchObject({ type: 'registered' })
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last: null })
  })

  test('D23: is free when its connection turns out to have ended, since asking failed', () => {
    stage.register('1')
    expect(stage.register('2', second, 1)).toMatchObject({ type: 'waiting' })
    stage.registry.connectionEnded('1', 2)
    expect(stage.registerWaiting(2)).toMatchObject([{ type: 'registered' }])
  })

  test('D30: is waited for while its process is leaving, and had when that has ended', () => {
    const last = [{ table: 'T', last: 3 }]
    stage.register('1', { state: 'leaving', last })
    stage.register('2', second, 1)
    stage.registry.here('1', '1', 2)
    for (let now = 1_000; now <= 9_000; now += 1_000) {
      stage.register('1', { state: 'leaving', last }, now)
      expect(stage.registerWaiting(now)).toEqual([])
    }
    stage.register('1', { state: 'ended', last }, 9_001)
    expect(stage.registerWaiting(9_001)).toMatchObject([{ type: 'registered' }])
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last })
  })

  test('D23: is lost by one that was leaving and fell silent; its last numbers stay', () => {
    const last = [{ table: 'T', last: 3 }]
    stage.register('1', { state: 'leaving', last })
    stage.register('2', second, 1)
    stage.registry.here('1', '1', 2)
    expect(stage.registerWaiting(2 + leavingSilentMs - 1)).toEqual([])
    expect(stage.registerWaiting(2 + leavingSilentMs)).toMatchObject([{ type: 'registered' }])
    expect(stage.roster.get('1')).toMatchObject({ state: 'ended', last })
  })

  test('D23: of two that wait for it the first has it, and the other is judged by that one', () => {
    stage.register('1')
    stage.register('2', second, 1)
    stage.register('3', { pid: 3 }, 2)
    stage.registry.connectionEnded('1', 3)
    expect(stage.registerWaiting(3)).toMatchObject([{ type: 'registered' }])
    expect(stage.asked).toEqual(['1', '1', '2'])
    stage.registry.here('2', '2', 4)
    expect(stage.registerWaiting(4)).toMatchObject([{ type: 'refused' }])
    expect(stage.stateOf('2')).toBe('alive')
  })

  test('D23: nobody waits for it who has gone away', () => {
    stage.register('1')
    stage.register('2', second)
    stage.registry.connectionEnded('2', 1)
    expect(stage.registerWaiting(answerWithinMs)).toEqual([])
    stage.register('3', { pid: 3 })
    stage.register('3', { pid: 3, state: 'ended', last: [] }, 1)
    expect(stage.registerWaiting(answerWithinMs)).toEqual([])
    expect(stage.stateOf('1')).toBe('alive')
  })

  test('D23: is not held by the file of the last run, once whoever lives has had time to come', () => {
    stage.restart(100)
    stage.registry.adopt(registrationOf('1'), 100)
    expect(stage.register('2', second, 101)).toMatchObject({ type: 'waiting' })
    expect(stage.registerWaiting(100 + reclaimWithinMs - 1)).toEqual([])
    expect(stage.registerWaiting(100 + reclaimWithinMs)).toMatchObject([{ type: 'registered' }])
    expect(stage.stateOf('1')).toBe('ended')
    stage.registry.adopt(registrationOf('9', { process: 'Q' }), 100)
    expect(stage.register('8', { process: 'Q' }, 10_000)).toMatchObject({ type: 'registered' })
  })

  test('D23: after a restart it is kept by a process that comes back in time', () => {
    stage.registry.adopt(registrationOf('1'), 0)
    stage.register('2', second, 1)
    stage.register('1', {}, 500)
    expect(stage.registerWaiting(500)).toMatchObject([{ type: 'refused' }])
    expect(stage.stateOf('1')).toBe('alive')
  })

  test('D23: of GENESIS_CLUSTER itself is nobody else’s, and it asks nobody', () => {
    const own = registrationOf('9', { process: 'GENESIS_CLUSTER', role: 'cluster' })
    stage.registry.adopt(registrationOf('8', { process: 'GENESIS_CLUSTER' }), 0)
    const seen = { history: null, version: 0 }
    const message = { type: 'register', id: 0, seen, registration: own, wantsPort: false } as const
    expect(stage.registry.register(message, null, 0)).toMatchObject({ type: 'registered' })
    const twin = stage.register('7', { process: 'GENESIS_CLUSTER', pid: 3 }, reclaimWithinMs)
    expect(twin).toMatchObject({ type: 'refused', code: 'NAME_TAKEN' })
  })
})
