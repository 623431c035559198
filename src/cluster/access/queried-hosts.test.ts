import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../../test/harness/manual-clock.ts'
import type { Settings } from '../../definition/settings.ts'
import type { NodeState } from '../../model/cluster-snapshot.ts'
import { AccessList } from '../../sockets/access-list.ts'
import type { HostAddresses } from '../../sockets/host-lookup.ts'
import { hostNamesOf, queriedAddresses } from './addresses.ts'
import { failingMs, keptMs, QueriedHosts, unheardMs } from './queried-hosts.ts'
import { Uninvited } from './uninvited.ts'

const ports = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }
const own = '10.0.0.1'
const settings = {
  node: { name: own, ports },
  nodes: [{ name: own, ports }],
  hostsQuery: 'nodes.example',
  connectViaLoopback: false,
} as unknown as Settings

let clock: ManualClock
let answer: HostAddresses
let states: Map<string, NodeState>
let told: string[]
let access: AccessList
let hosts: QueriedHosts

async function hostsThat(known: readonly string[] = []): Promise<void> {
  const names = hostNamesOf(settings, async () => answer)
  await names.resolve()
  const uninvited = new Uninvited(clock, false, ({ message }) => told.push(message))
  hosts = new QueriedHosts({
    settings,
    names,
    addresses: queriedAddresses(settings, names),
    access,
    clock,
    known,
    on: ({ message }) => told.push(message),
    state: (node) => states.get(node) ?? 'gone',
    denied: (address, why) => uninvited.denied(address, why),
    changed: () => undefined,
    forgotten: (node) => told.push(`forgotten ${node}`),
    missing: (address) => told.push(`missing ${address}`),
    found: (address) => told.push(`found ${address}`),
    failed: ({ message }) => told.push(message),
  })
  hosts.begin()
  await answered()
}

const answered = () => new Promise((resolve) => setImmediate(resolve))

/** Lets `ms` milliseconds go by, with a look at the nodes every five seconds. */
async function goOn(ms: number): Promise<void> {
  for (const end = clock.now() + ms; clock.now() < end;) {
    clock.moveTo(Math.min(end, clock.now() + 5_000))
    hosts.tick()
    await answered()
  }
}

const allows = (address: string) =>
  new Promise((resolve) => access.ask({ address, publicKey: null }, (allowed) => resolve(allowed)))

const endpoints = () => hosts.contacts.map(({ endpoint }) => endpoint)

beforeEach(async () => {
  clock = new ManualClock()
  answer = { addresses: [own, '10.0.0.2'] }
  states = new Map()
  told = []
  access = await AccessList.open()
})
afterEach(async () => {
  hosts.close()
  await access.close()
})

describe('the nodes at the addresses of a query', () => {
  it('Z2: are let in and greeted as they come, and this node is none of them', async () => {
    await hostsThat()
    expect(endpoints()).toEqual(['tcp://10.0.0.2:3'])
    expect([await allows('10.0.0.2'), await allows('10.0.0.3')]).toEqual([true, false])
    expect(hosts.refusal('c', '10.0.0.3')).toMatch(/10\.0\.0\.3 is not among .* nodes\.example/)
    answer = { addresses: [own, '10.0.0.2', '10.0.0.3'] }
    await goOn(5_000)
    expect(endpoints()).toEqual(['tcp://10.0.0.2:3', 'tcp://10.0.0.3:3'])
    expect(await allows('10.0.0.3')).toBe(true)
    expect(hosts.refusal('c', '10.0.0.3')).toBeNull()
    expect([...hosts.unnamed]).toEqual(['10.0.0.2', '10.0.0.3'])
    hosts.greeted('c', '10.0.0.3')
    expect([...hosts.unnamed]).toEqual(['10.0.0.2'])
    expect([...hosts.others]).toEqual([['c', '10.0.0.3']])
  })

  it('Z2: stay while they are alive, also where the answer has them no more', async () => {
    await hostsThat()
    hosts.greeted('b', '10.0.0.2')
    states.set('b', 'suspect')
    answer = { addresses: [own] }
    await goOn(10 * keptMs)
    expect(endpoints()).toEqual(['tcp://10.0.0.2:3'])
    expect(await allows('10.0.0.2')).toBe(true)
  })

  it('Z2: are forgotten a minute after they are gone and in no answer', async () => {
    await hostsThat()
    hosts.greeted('b', '10.0.0.2')
    answer = { addresses: [own] }
    await goOn(keptMs - 5_000)
    expect(endpoints()).toEqual([])
    expect(await allows('10.0.0.2')).toBe(true)
    expect([...hosts.others.keys()]).toEqual(['b'])
    await goOn(10_000)
    expect([...hosts.others.keys()]).toEqual([])
    expect(await allows('10.0.0.2')).toBe(false)
    expect(told).toContain('forgotten b')
  })

  it('Z2: are all there while the query fails, or has an empty answer, and that is told in time', async () => {
    await hostsThat(['c'])
    answer = { addresses: [], why: 'the name service does not answer' }
    await goOn(failingMs - 5_000)
    expect(told).not.toContainEqual(expect.stringContaining('is not answered'))
    await goOn(10 * keptMs)
    expect(endpoints()).toEqual(['tcp://10.0.0.2:3'])
    expect([...hosts.others.keys()]).toEqual(['c'])
    expect(told.filter((line) => line.includes('is not answered'))).toEqual([
      'nodes.example is not answered: the name service does not answer; the nodes at 1 known address stay',
    ])
    answer = { addresses: [own, '10.0.0.2'] }
    await goOn(5_000)
    expect(told.at(-1)).toBe('nodes.example is answered again')
  })

  it('Z2: may move to other addresses, and come under another name', async () => {
    await hostsThat()
    hosts.greeted('b', '10.0.0.2')
    answer = { addresses: [own, '10.0.0.2', '10.0.0.3'] }
    await goOn(5_000)
    hosts.greeted('b', '10.0.0.3')
    expect([...hosts.others]).toEqual([['b', '10.0.0.3']])
    hosts.greeted('b2', '10.0.0.3')
    expect([...hosts.others]).toEqual([
      ['b', null],
      ['b2', '10.0.0.3'],
    ])
    states.set('b2', 'alive')
    await goOn(keptMs + 5_000)
    expect([...hosts.others.keys()]).toEqual(['b2'])
  })

  it('are missed after a while where nobody is heard at an address, until somebody is', async () => {
    await hostsThat()
    await goOn(unheardMs - 5_000)
    expect(told).toEqual([])
    await goOn(keptMs)
    expect(told).toEqual(['missing 10.0.0.2'])
    hosts.greeted('b', '10.0.0.2')
    expect(told).toEqual(['missing 10.0.0.2', 'found 10.0.0.2'])
  })

  it('of the last run are known by name, and forgotten when they do not come', async () => {
    await hostsThat(['b', 'c'])
    hosts.greeted('b', '10.0.0.2')
    await goOn(keptMs)
    expect([...hosts.others.keys()]).toEqual(['b'])
    expect(told.filter((line) => line.startsWith('forgotten'))).toEqual(['forgotten c'])
  })

  it('are looked for at once when somebody was denied, who is told of only if he is none', async () => {
    await hostsThat()
    answer = { addresses: [own, '10.0.0.2', '10.0.0.3'] }
    hosts.denied('10.0.0.3')
    hosts.denied('10.9.9.9')
    await answered()
    expect(await allows('10.0.0.3')).toBe(true)
    expect(told.filter((line) => line.includes('denied'))).toEqual([
      'a connection from 10.9.9.9 was denied: it is not among the addresses of nodes.example',
    ])
  })
})
