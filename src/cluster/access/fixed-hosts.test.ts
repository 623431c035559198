import { afterEach, expect, test } from 'vitest'
import type { Settings } from '../../definition/settings.ts'
import { AccessList } from '../../sockets/access-list.ts'
import type { HostAddresses } from '../../sockets/host-lookup.ts'
import { hostNamesOf, knownAddresses } from './addresses.ts'
import type { ClusterEvent } from '../cluster-event.ts'
import { FixedHosts } from './fixed-hosts.ts'

const ports = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }
const nodes = ['127.0.0.1', 'silent', 'moved'].map((name) => ({ name, ports }))
const settings = {
  node: nodes[0],
  nodes,
  hostsQuery: null,
  connectViaLoopback: false,
} as unknown as Settings

let access: AccessList | undefined
afterEach(() => access?.close())

const allows = (address: string) =>
  new Promise((resolve) => access?.ask({ address, publicKey: null }, (allowed) => resolve(allowed)))

test('what one name resolves to holds at once, also while another is not answered', async () => {
  access = await AccessList.open()
  const service = new Map<string, HostAddresses>([['moved', { addresses: ['10.1.2.3'] }]])
  const names = hostNamesOf(settings, async (host) =>
    host === 'silent' ? new Promise(() => {}) : (service.get(host) ?? { addresses: [host] }),
  )
  const events: ClusterEvent[] = []
  let changes = 0
  const watch = new FixedHosts({
    settings,
    names,
    addresses: knownAddresses(settings, names),
    access,
    on: (event) => events.push(event),
    state: () => 'alive',
    isReached: () => true,
    denied: () => undefined,
    changed: () => (changes += 1),
    failed: (error) => events.push({ type: 'warning', message: error.message }),
  })
  watch.begin()
  await new Promise((resolve) => setImmediate(resolve))
  expect(watch.others.get('moved')).toBe('10.1.2.3')
  expect(await allows('10.1.2.3')).toBe(true)
  service.set('moved', { addresses: ['10.1.2.4'] })
  watch.tick()
  await new Promise((resolve) => setImmediate(resolve))
  expect(watch.others.get('moved')).toBe('10.1.2.4')
  expect(await allows('10.1.2.4')).toBe(true)
  expect(events.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/"moved" has moved/),
  )
  const before = changes
  service.set('moved', { addresses: ['10.1.2.5'] })
  watch.tick()
  watch.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(changes).toBe(before + 1)
  expect(watch.others.get('moved')).toBe('10.1.2.4')
})

test('a host that is not reached at one of its addresses is looked for at the next', async () => {
  access = await AccessList.open()
  const names = hostNamesOf(settings, async (host) =>
    host === 'moved' ? { addresses: ['10.1.2.3', '10.1.2.4'] } : { addresses: ['127.0.0.1'] },
  )
  await names.resolve()
  let isReached = true
  const warnings: string[] = []
  const watch = new FixedHosts({
    settings,
    names,
    addresses: knownAddresses(settings, names),
    access,
    on: ({ message }) => warnings.push(message),
    state: () => 'alive',
    isReached: (node) => node !== 'moved' || isReached,
    denied: () => undefined,
    changed: () => undefined,
    failed: ({ message }) => warnings.push(message),
  })
  const addressAfterTick = async () => {
    watch.tick()
    await new Promise((resolve) => setImmediate(resolve))
    return watch.others.get('moved')
  }
  expect(await addressAfterTick()).toBe('10.1.2.3')
  isReached = false
  expect(await addressAfterTick()).toBe('10.1.2.3')
  expect(await addressAfterTick()).toBe('10.1.2.4')
  expect(await addressAfterTick()).toBe('10.1.2.4')
  isReached = true
  expect(await addressAfterTick()).toBe('10.1.2.4')
  expect(warnings).toEqual([])
  watch.close()
})
