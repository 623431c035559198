import { expect, test } from 'vitest'
import { knownAddresses, processAddresses } from './addresses.ts'
import { HostNames } from './host-names.ts'

const ports = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }
const machine = { hostname: 'a.example', addresses: new Set(['127.0.0.1', '::1', '10.0.0.1']) }

type Hosts = Record<string, string | null>

const settingsOf = (hosts: Hosts, connectViaLoopback = false) => {
  const nodes = Object.keys(hosts).map((name) => ({ name, ports }))
  return { node: nodes[0]!, nodes, hostsQuery: null, connectViaLoopback }
}

/** `own` is the first of the hosts; what each resolves to, null: nothing. */
async function addressesOf(hosts: Hosts, connectViaLoopback = false) {
  const names = new HostNames(Object.keys(hosts), async (host) => {
    const address = hosts[host] ?? null
    return address === null ? { addresses: [], why: 'nobody knows it' } : { addresses: [address] }
  })
  await names.resolve()
  return knownAddresses(settingsOf(hosts, connectViaLoopback), names, machine)
}

const debian = '127.0.1.1'

test.each<[string, Hosts, string]>([
  ['one host, by name', { a: '10.0.0.1' }, '127.0.0.1'],
  ['one host whose name Debian maps to 127.0.1.1', { a: debian }, '127.0.0.1'],
  ['one host that cannot be resolved', { a: null }, '127.0.0.1'],
  ['one host, a loopback address', { '127.0.0.2': '127.0.0.2' }, '127.0.0.2'],
  ['several hosts', { a: '10.0.0.1', b: '10.0.0.2' }, '10.0.0.1'],
  ['several hosts, one misspelt', { a: '10.0.0.1', b: null }, '10.0.0.1'],
  ['several on this machine', { '127.0.0.2': '127.0.0.2', '127.0.0.3': '127.0.0.3' }, '127.0.0.2'],
  ['a loopback node beside a misspelt host', { '127.0.0.2': '127.0.0.2', b: null }, '127.0.0.2'],
  ['a loopback node beside a host', { '127.0.0.2': '127.0.0.2', b: '10.0.0.2' }, '127.0.0.2'],
  ['localhost beside a misspelt host', { localhost: '127.0.0.1', b: null }, '127.0.0.1'],
  ['a name at loopback beside a misspelt host', { c: '127.0.0.5', b: null }, '127.0.0.5'],
  ['a name at loopback beside a host', { c: '127.0.0.5', b: '10.0.0.2' }, '0.0.0.0'],
  ["the machine's name at loopback", { a: debian, b: '10.0.0.2' }, '0.0.0.0'],
  ["the machine's name at loopback, others unknown", { a: debian, b: null }, '0.0.0.0'],
  ['own name unknown', { a: null, b: '10.0.0.2' }, '0.0.0.0'],
  ['one host, ::1', { '::1': '::1' }, '::1'],
  ['several hosts of IPv6', { a: 'fd00::1', b: 'fd00::2' }, 'fd00::1'],
  ['::1 beside a loopback node', { '::1': '::1', '127.0.0.2': '127.0.0.2' }, '::1'],
  ['hosts of both families', { a: '10.0.0.1', b: 'fd00::2' }, '::'],
  ['own name unknown beside a host of IPv6', { a: null, b: 'fd00::2' }, '::'],
  ["the machine's name at ::1", { a: '::1', b: 'fd00::2' }, '::'],
  ['own name unknown beside a loopback node', { a: null, '127.0.0.2': '127.0.0.2' }, '127.0.0.1'],
])('%s: binds to the right address', async (_, hosts, bind) => {
  expect((await addressesOf(hosts)).bind).toBe(bind)
})

test.each<[string, Hosts]>([
  ['one host', { a: '10.0.0.1' }],
  ['several hosts', { a: '10.0.0.1', b: '10.0.0.2' }],
  ["the machine's name at loopback", { a: debian, b: '10.0.0.2' }],
  ['a loopback node beside a misspelt host', { '127.0.0.2': '127.0.0.2', b: null }],
  ['own name unknown', { a: null, b: '10.0.0.2' }],
])('%s: a process finds its node without knowing another host', async (_, hosts) => {
  const [own = ''] = Object.values(hosts)
  const { local, allowed } = processAddresses(settingsOf(hosts), own, machine)
  const { bind, local: whole } = await addressesOf(hosts)
  expect(local).toBe(whole)
  if (bind !== '0.0.0.0') expect(local).toBe(bind)
  expect(allowed).not.toContain('10.0.0.2')
  expect(allowed).toContain(local)
})

test('the loopback address is bound too where processes connect by it', async () => {
  const addresses = await addressesOf({ a: '10.0.0.1', b: '10.0.0.2' }, true)
  expect(addresses).toMatchObject({ bind: '0.0.0.0', local: '127.0.0.1', advertised: '10.0.0.1' })
})

test('other nodes are told an address that they can reach', async () => {
  expect((await addressesOf({ a: debian, b: '10.0.0.2' })).advertised).toBe('10.0.0.1')
  expect((await addressesOf({ a: '10.0.0.9', b: '10.0.0.2' })).advertised).toBe('10.0.0.9')
})

test('of several addresses of its own name a node takes the one that this machine has', async () => {
  const names = new HostNames(['a', 'b'], async (host) => ({
    addresses: host === 'a' ? ['10.0.0.9', '10.0.0.1'] : ['10.0.0.2'],
  }))
  await names.resolve()
  const settings = settingsOf({ a: '10.0.0.1', b: '10.0.0.2' })
  expect(knownAddresses(settings, names, machine)).toMatchObject({
    bind: '10.0.0.1',
    local: '10.0.0.1',
    advertised: '10.0.0.1',
  })
})

test('this host and the hosts of the definition are welcome, nobody else', async () => {
  const { allowed, others } = await addressesOf({ a: '10.0.0.9', b: '10.0.0.2', c: null })
  expect([...allowed].sort()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.9', '127.0.0.1', '::1'])
  expect([...others]).toEqual([
    ['b', '10.0.0.2'],
    ['c', null],
  ])
})

test('before any name is resolved a node has what needs no name service', () => {
  const settings = settingsOf({ a: '10.0.0.1', b: '10.0.0.2' })
  const { local, allowed } = knownAddresses(settings, new HostNames(['a', 'b']), machine)
  expect(local).toBe('127.0.0.1')
  expect(allowed).toEqual(['127.0.0.1', '::1', '10.0.0.1'])
})

test('a host that has addresses of both families is reached by that of this node', async () => {
  const both = ['10.0.0.2', 'fd00::2']
  for (const [own, its] of [
    ['10.0.0.1', '10.0.0.2'],
    ['fd00::1', 'fd00::2'],
  ] as const) {
    const names = new HostNames(['a', 'b'], async (host) => ({
      addresses: host === 'a' ? [own] : (both as [string, ...string[]]),
    }))
    await names.resolve()
    const addresses = knownAddresses(settingsOf({ a: own, b: null }), names, machine)
    expect(addresses.others.get('b')).toBe(its)
    expect(addresses.allowed).toEqual(expect.arrayContaining(both))
  }
})

test.each<[string, string, string[], string, string, string]>([
  ['named by a name', 'pod', ['10.0.0.1', '10.0.0.2'], '0.0.0.0', '127.0.0.1', '10.0.0.1'],
  ['named by an address', '127.0.0.2', ['127.0.0.2'], '127.0.0.2', '127.0.0.2', '127.0.0.2'],
  ['that is not in the answer yet', 'pod', ['10.0.0.2'], '0.0.0.0', '127.0.0.1', '10.0.0.1'],
  ['of IPv6', 'pod', ['fd00::1', 'fd00::2'], '::', '127.0.0.1', '10.0.0.1'],
  ['of both families', 'pod', ['10.0.0.2', 'fd00::2'], '0.0.0.0', '127.0.0.1', '10.0.0.1'],
])('a node %s, of those that DNS knows, is where others find it', async (_, ...expected) => {
  const [name, answer, bind, local, advertised] = expected
  const names = new HostNames(['q'], async () => ({ addresses: answer as [string, ...string[]] }))
  await names.resolve()
  const settings = { ...settingsOf({ [name]: null }), hostsQuery: 'q' }
  expect(knownAddresses(settings, names, machine)).toMatchObject({ bind, local, advertised })
})
