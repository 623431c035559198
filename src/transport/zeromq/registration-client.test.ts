import { afterEach, expect, it } from 'vitest'
import { Router } from 'zeromq'
import { ManualClock } from '../../../test/harness/manual-clock.ts'
import { registrationOf } from '../../../test/harness/registration.ts'
import { noConnections } from '../../model/new-registration.ts'
import { decodeProcessMessage } from '../../registration/registration-message.ts'
import { RegistrationClient } from './registration-client.ts'

const router = new Router({ linger: 0 })
let client: RegistrationClient | null = null
afterEach(async () => {
  await client?.close(0)
  router.close()
})

/** The publishes of the next registration, and its number. */
async function next(): Promise<{ id: number; publishes: readonly string[] }> {
  const [, frame] = await router.receive()
  const message = decodeProcessMessage(frame as Buffer)
  if (message?.type !== 'register') throw new Error(`not a registration: ${message?.type}`)
  return { id: message.id, publishes: message.registration.publishes }
}

it('what was said a moment ago is a heartbeat: none follows it at once', async () => {
  await router.bind('tcp://127.0.0.1:*')
  const clock = new ManualClock()
  const nothing = () => undefined
  const registration = registrationOf('0'.repeat(32))
  client = new RegistrationClient(router.lastEndpoint ?? '', registration, false, clock, () => 0, {
    acknowledged: nothing,
    answered: nothing,
    refused: nothing,
    waiting: nothing,
    roster: nothing,
    renew: nothing,
    lost: nothing,
    found: nothing,
    tick: nothing,
    connections: () => noConnections,
    failed: nothing,
  })
  const first = await next()
  clock.moveTo(700)
  client.set({ ...registration, publishes: ['TRADE'] })
  clock.moveTo(701)
  expect(await next()).toEqual({ id: first.id + 1, publishes: ['TRADE'] })
  // The heartbeat of this second would be the next message.
  clock.moveTo(1_000)
  clock.moveTo(2_000)
  client.set({ ...registration, publishes: ['ORDERS'] })
  clock.moveTo(2_001)
  expect(await next()).toEqual({ id: first.id + 2, publishes: ['TRADE'] })
  expect(await next()).toEqual({ id: first.id + 3, publishes: ['ORDERS'] })
})
