import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../../../test/harness/eventually.ts'
import { freePorts } from '../../../../test/harness/loopback.ts'
import { systemClock } from '../../../base/clock.ts'
import { GroupMembership } from './group-membership.ts'

const open: GroupMembership[] = []
afterEach(async () => {
  for (const membership of open.splice(0)) await membership.close()
})

test('a node that is reached at another address from now on joins the group there', async () => {
  const [port = 0] = await freePorts('127.0.0.1', 1)
  let address = '127.0.0.5'
  const sources: string[] = []
  const heard: string[] = []
  const membership = new GroupMembership({
    settings: {
      group: '239.192.84.73',
      port,
      interface: null,
      ttl: 1,
      datagramBytes: 1_400,
      bytesPerSecond: 1_000_000,
    },
    bind: '127.0.0.1',
    advertised: () => address,
    clock: systemClock,
    on: () => undefined,
    datagram: (_, from) => heard.push(from),
    changed: ({ source }) => sources.push(source),
  })
  open.push(membership)
  membership.loop()
  await membership.open()
  membership.look()
  expect(sources).toEqual(['127.0.0.5'])
  address = '127.0.0.6'
  membership.look()
  membership.look()
  await eventually('it is there', () => sources.at(-1) === '127.0.0.6')
  expect(sources).toEqual(['127.0.0.5', '', '127.0.0.6'])
  membership.send(Buffer.from('one'))
  await eventually('its datagram', () => heard.includes('127.0.0.6'))
})
