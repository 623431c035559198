import { expect, test } from 'vitest'
import { nodeAddresses } from './addresses.ts'

const ports = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }

/** `own` is the first of the hosts; what each resolves to, null: nothing. */
function addressesOf(hosts: Record<string, string | null>, connectViaLoopback = false) {
  const nodes = Object.keys(hosts).map((name) => ({ name, ports }))
  const resolve = async (host: string) => hosts[host] ?? null
  return nodeAddresses({ node: nodes[0]!, nodes, connectViaLoopback }, resolve, ['10.0.0.1'])
}

test.each([
  ['one host, by name', { a: '10.0.0.1' }, '127.0.0.1'],
  ['one host whose name Debian maps to 127.0.1.1', { a: '127.0.1.1' }, '127.0.0.1'],
  ['one host that cannot be resolved', { a: null }, '127.0.0.1'],
  ['one host, a loopback address', { '127.0.0.2': '127.0.0.2' }, '127.0.0.2'],
  ['several hosts', { a: '10.0.0.1', b: '10.0.0.2' }, '10.0.0.1'],
  ['several on this machine', { '127.0.0.2': '127.0.0.2', '127.0.0.3': '127.0.0.3' }, '127.0.0.2'],
  ['several, own name at loopback', { a: '127.0.1.1', b: '10.0.0.2' }, '0.0.0.0'],
  ['several, own name at loopback, others unknown', { a: '127.0.1.1', b: null }, '0.0.0.0'],
  ['several, own name unknown', { a: null, b: '10.0.0.2' }, '0.0.0.0'],
])('%s: binds to the right address', async (_, hosts, bind) => {
  const addresses = await addressesOf(hosts)
  expect(addresses.bind).toBe(bind)
  expect(addresses.local).toBe(bind === '0.0.0.0' ? '127.0.0.1' : bind)
})

test('the loopback address is bound too where processes connect by it', async () => {
  const addresses = await addressesOf({ a: '10.0.0.1', b: '10.0.0.2' }, true)
  expect(addresses).toMatchObject({ bind: '0.0.0.0', local: '127.0.0.1', advertised: '10.0.0.1' })
})

test('other nodes are told an address that they can reach', async () => {
  expect((await addressesOf({ a: '127.0.1.1', b: '10.0.0.2' })).advertised).toBe('10.0.0.1')
  expect((await addressesOf({ a: '10.0.0.9', b: '10.0.0.2' })).advertised).toBe('10.0.0.9')
})

test('this host and the hosts of the definition are welcome, nobody else', async () => {
  const { allowed, others } = await addressesOf({ a: '10.0.0.9', b: '10.0.0.2', c: null })
  expect([...allowed].sort()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.9', '127.0.0.1', '::1'])
  expect([...others]).toEqual([
    ['b', '10.0.0.2'],
    ['c', null],
  ])
})
