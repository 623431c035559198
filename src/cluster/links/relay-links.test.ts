import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { Pull } from 'zeromq'
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
  link: 'relay',
}
const nowhere = { node: 'b', address: '127.0.0.1', life: 'a', headers }

test('a link that is opened once all are closed is not made, and keeps no thread', async () => {
  const { made, events } = links()
  await made.closeAll()
  made.open(nowhere)
  expect(made.size).toBe(0)
  expect(events).toEqual([])
})

test('a link that does not stand yet is shown as such, and where it leads', async () => {
  const { made } = links()
  made.open(nowhere)
  await eventually('the link to be made', () => made.size === 1)
  const { links: shown, group } = made.states(systemClock.now() + 1_000)
  const forMs = shown[0]?.forMs ?? 0
  expect(shown).toEqual([
    { node: 'b', by: 'relay', state: 'connecting', at: '127.0.0.1:1', forMs, reception: null },
  ])
  expect(forMs).toBeGreaterThanOrEqual(1_000)
  expect(group).toBeNull()
})

test('a link that is made again and again in vain is as old as the first of them', async () => {
  const { made, events } = links()
  const renewals = () =>
    events.filter((event) => event.type === 'link' && event.state === 'renewed')
  // Of a type that publishes nothing: libzmq gives the connection up, and does not try again.
  const other = new Pull()
  open.push(other)
  await other.bind('tcp://127.0.0.1:*')
  const port = Number(new URL(other.lastEndpoint ?? '').port)
  made.open({ ...nowhere, headers: { ...headers, relay: port } })
  await eventually('it is made again', () => renewals().length === 1)
  const since = systemClock.now()
  await eventually('and once more', () => renewals().length === 2)
  const now = systemClock.now()
  expect(made.states(now).links[0]?.forMs).toBeGreaterThanOrEqual(Math.floor(now - since))
})

test('a link that no thread is left for is shown as refused until it is made or its node is gone', async () => {
  const { made } = links()
  for (const node of ['b', 'c', 'd', 'e', 'f']) made.open({ ...nowhere, node })
  const now = systemClock.now()
  const refused = () =>
    made.states(now).links.flatMap(({ node, state }) => (state === 'refused' ? node : []))
  expect(refused()).toEqual(['f'])
  await made.close('b')
  made.open({ ...nowhere, node: 'f' })
  expect(refused()).toEqual([])
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
