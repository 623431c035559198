import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { ServiceManager, statusIntervalMs, watchdogIntervalMs } from './service-manager.ts'

function managerOf(env: Record<string, string>, send?: () => Promise<void>) {
  const clock = new ManualClock()
  const told: string[] = []
  const warnings: string[] = []
  const manager = ServiceManager.of({
    env,
    pid: 7,
    clock,
    warn: (message) => warnings.push(message),
    send: async (assignments) => {
      told.push(assignments.join(' '))
      await send?.()
    },
  })
  return { manager, clock, told, warnings }
}

const socket = { NOTIFY_SOCKET: '/run/systemd/notify' }

test('nobody is told where no service manager listens', () => {
  expect(managerOf({ WATCHDOG_USEC: '1000' }).manager).toBeNull()
})

test.each([
  [{}, null],
  [{ WATCHDOG_USEC: '30000000' }, 15_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 15_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, null],
  [{ WATCHDOG_USEC: '0' }, null],
  [{ WATCHDOG_USEC: '-1' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
  [{ WATCHDOG_USEC: '1' }, 1],
])('the watchdog of %j is fed every %s ms', (env, ms) => {
  expect(watchdogIntervalMs(env, 7)).toBe(ms)
})

test('it is told what is ready, what changes, that it lives, and last that it ends', async () => {
  const { manager, clock, told } = managerOf({ ...socket, WATCHDOG_USEC: '6000000' })
  let status = 'one process'
  manager?.ready(() => status)
  await setImmediate()
  expect(told).toEqual(['READY=1 STATUS=one process'])
  clock.moveBy(3_000)
  await setImmediate()
  clock.moveBy(statusIntervalMs - 3_000)
  status = 'two processes'
  clock.moveBy(1_000)
  await setImmediate()
  clock.moveBy(statusIntervalMs - 1_000)
  await setImmediate()
  expect(told.slice(1)).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'STATUS=two processes', 'WATCHDOG=1'])
  manager?.stopping()
  manager?.stopping()
  await manager?.ended()
  clock.moveBy(60_000)
  await setImmediate()
  expect(told.slice(5)).toEqual(['STOPPING=1'])
  expect(clock.waiting).toBe(0)
})

test('beats that cannot be told do not pile up', async () => {
  const slow = Promise.withResolvers<void>()
  const { manager, clock, told } = managerOf({ ...socket, WATCHDOG_USEC: '2000000' }, () =>
    told.length === 2 ? slow.promise : Promise.resolve(),
  )
  manager?.ready(() => 'so')
  for (let beat = 0; beat < 4; beat++) {
    clock.moveBy(1_000)
    await setImmediate()
  }
  expect(told).toEqual(['READY=1 STATUS=so', 'WATCHDOG=1'])
  slow.resolve()
  await setImmediate()
  clock.moveBy(1_000)
  await setImmediate()
  expect(told).toHaveLength(3)
  manager?.stopping()
})

test('where it cannot be told, that is said once, with what to do', async () => {
  const { manager, warnings } = managerOf(socket, () => Promise.reject(new Error('ENOENT')))
  manager?.ready(() => 'so')
  manager?.stopping()
  await manager?.ended()
  expect(warnings).toEqual([expect.stringMatching(/ENOENT: install systemd-notify, /)])
})
