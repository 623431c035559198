import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { eventually } from '../../../test/harness/eventually.ts'
import type { ClusterEvent } from '../cluster-event.ts'
import { type TidingsHeaders, whisperVersion } from '../membership/peers.ts'
import { RelayLinks } from './relay-links.ts'

const open: { close(): Promise<void> | void }[] = []

afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

function links() {
  const events: ClusterEvent[] = []
  const made = new RelayLinks({
    outboundAt: `inproc://outbound-${randomUUID()}`,
    limit: 4,
    clock: systemClock,
    on: (event) => events.push(event),
  })
  open.push({ close: () => made.closeAll() })
  return { made, events }
}

const headers: TidingsHeaders = {
  node: 'b',
  inbound: 1,
  outbound: 1,
  relay: 1,
  wire: whisperVersion,
  mode: 'mesh',
  history: 'h',
  cluster: 'shop',
}
const nowhere = { node: 'b', address: '127.0.0.1', life: 'a', headers }

test('a link that is opened once all are closed is not made, and keeps no thread', async () => {
  const { made, events } = links()
  await made.closeAll()
  made.open(nowhere)
  expect(made.size).toBe(0)
  expect(events).toEqual([])
})

test('D12: a link is not made anew before it has had its time', async () => {
  const { made, events } = links()
  made.open(nowhere)
  await eventually('the link to be made', () => made.size === 1)
  const now = systemClock.now()
  expect(made.renew('b', now)).toBe(false)
  expect(made.renew('b', now + 5_000)).toBe(false)
  expect(events.map((event) => event.type === 'link' && event.state)).toEqual(['opened'])
  expect(made.renew('b', now + 30_000)).toBe(true)
})
