import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Event, Socket } from 'zeromq'
import { ManualClock } from '../../test/harness/manual-clock.ts'
import { systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { ConnectionMonitor } from './connection-monitor.ts'
import { handshakesInVain } from './handshakes.ts'

const endpoint = 'tcp://127.0.0.1:1'

/** A monitor that is told what a test says, as libzmq would tell it. */
function stage() {
  const told: ((event: Event) => void)[] = []
  const events = {
    closed: false,
    receive: () => new Promise<Event>((resolve) => told.push(resolve)),
  }
  const monitor = new ConnectionMonitor({ events } as unknown as Socket, new ManualClock())
  monitor.expect(endpoint)
  const tell = async (type: Event['type'], code?: string): Promise<void> => {
    told.shift()?.({
      type,
      address: endpoint,
      ...(code && { error: { code } }),
    } as unknown as Event)
    await nextTurn()
  }
  return { monitor, tell, isTaken: () => monitor.isTaken(endpoint) }
}

it('takes a port for taken while handshakes there are only slow', async () => {
  const { tell, isTaken } = stage()
  expect(isTaken()).toBe(false)
  await tell('connect:delay')
  expect(isTaken()).toBe(false)
  for (let handshake = 1; handshake <= handshakesInVain; handshake++) {
    await tell('connect')
    expect(isTaken()).toBe(true)
    await tell('handshake:error:other', 'EAGAIN')
    await tell('disconnect')
    await tell('connect:retry')
    expect(isTaken()).toBe(true)
  }
  await tell('connect')
  expect(isTaken()).toBe(false)
})

it('takes none for taken at which nobody is, or is any more', async () => {
  const { tell, isTaken } = stage()
  await tell('close')
  await tell('connect:retry')
  expect(isTaken()).toBe(false)
  await tell('connect')
  await tell('handshake:error:other', 'EAGAIN')
  await tell('disconnect')
  expect(isTaken()).toBe(true)
  await tell('close')
  expect(isTaken()).toBe(false)
})

it.each([
  ['handshake:error:other', 'ECONNRESET'],
  ['handshake:error:protocol', 'ERR_ZMTP_UNSPECIFIED'],
  ['handshake:error:auth', 'ERR_ZAP_STATUS_CODE_400'],
] as const)('takes none for taken where the last handshake was refused: %s', async (type, code) => {
  const { monitor, tell, isTaken } = stage()
  await tell('connect')
  await tell(type, code)
  expect(isTaken()).toBe(false)
  monitor.expect(endpoint)
  await tell('connect')
  expect(isTaken()).toBe(false)
  await tell('handshake:error:other', 'EAGAIN')
  expect(isTaken()).toBe(true)
})

it('counts anew behind a handshake that has succeeded', async () => {
  const { tell, isTaken } = stage()
  for (let handshake = 0; handshake < handshakesInVain; handshake++) await tell('connect')
  await tell('handshake')
  await tell('connect')
  expect(isTaken()).toBe(true)
})

/** A socket that tells these events, and then that it has ended. */
function socketWith(...types: string[]): Socket {
  const events = [...types.map((type) => ({ type, address: endpoint })), { type: 'end' }]
  return { events: { closed: false, receive: async () => events.shift() } } as unknown as Socket
}

it('what fails where a connection was told is told to whoever watches, and rejects nothing', async () => {
  const told: string[] = []
  const monitor = new ConnectionMonitor(socketWith('handshake', 'disconnect'), systemClock, {
    connected() {
      throw new TidingsError('LIMIT_EXCEEDED', 'too long')
    },
    disconnected: () => told.push('disconnected'),
    failed: ({ code }) => told.push(code),
  })
  monitor.expect(endpoint)
  await monitor.ended
  expect(told).toEqual(['LIMIT_EXCEEDED'])
})

it('nothing is told once it is closed', async () => {
  const told: string[] = []
  const monitor = new ConnectionMonitor(socketWith('handshake'), systemClock, {
    connected: () => told.push('connected'),
    failed: () => told.push('failed'),
  })
  monitor.expect(endpoint)
  monitor.close()
  await monitor.ended
  expect(told).toEqual([])
})
