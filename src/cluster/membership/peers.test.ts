import { expect, test } from 'vitest'
import type { TidingsHeaders } from './peers.ts'
import { misfitOf, Peers, readHeaders, writeHeaders } from './peers.ts'
import type { Hello } from './zre-codec.ts'

const headers = (node: string): TidingsHeaders => ({
  node,
  inbound: 5_561,
  outbound: 5_560,
  relay: 6_002,
  wire: 2,
  mode: 'mesh',
  history: 'h',
  cluster: 'shop',
  link: 'relay',
})

const hello = (from: TidingsHeaders | null): Hello => ({
  type: 'hello',
  sequence: 1,
  endpoint: 'tcp://10.0.0.2:6000',
  groups: [],
  status: 0,
  name: 'x',
  headers: from ? writeHeaders(from) : new Map([['X-OTHER', '1']]),
})

const peers = () =>
  new Peers('a', 'uuid-a', 'shop', (node) =>
    ['b', 'c'].includes(node) ? null : 'it is not listed',
  )

test('headers come back as they were written', () => {
  expect(readHeaders(writeHeaders(headers('b')))).toEqual(headers('b'))
})

test('a node that does not say how it is linked is taken to be linked as we are', () => {
  const said = writeHeaders(headers('b'))
  for (const word of [undefined, 'pigeon']) {
    if (word === undefined) said.delete('X-TIDINGS-LINK')
    else said.set('X-TIDINGS-LINK', word)
    const read = readHeaders(said)
    expect(read).toEqual({ ...headers('b'), link: '' })
    expect(misfitOf(read, 'relay')).toBeNull()
  }
  expect(misfitOf(headers('b'), 'relay')).toBeNull()
  expect(misfitOf(headers('b'), 'multicast')).toMatch(/^is linked by relay, this one by multicast/)
})

test.each([
  [new Map<string, string>()],
  [writeHeaders({ ...headers('b'), relay: 0 })],
  [writeHeaders({ ...headers('b'), inbound: 70_000 })],
  [writeHeaders({ ...headers('b'), outbound: Number.NaN })],
  [writeHeaders(headers(''))],
])('headers that make no sense are none', (written) => {
  expect(readHeaders(written)).toBeNull()
})

test('a HELLO of a node of the definition is accepted, once as a beginning', () => {
  const all = peers()
  expect(all.hello('1', hello(headers('b')), null)).toMatchObject({ begins: true })
  expect(all.hello('1', hello(headers('b')), null)).toMatchObject({ begins: false })
  expect(all.nodeOf('1')).toBe('b')
  expect(all.peer('b')?.headers?.relay).toBe(6_002)
})

test('a new life of a node takes the place of the old one', () => {
  const all = peers()
  all.hello('1', hello(headers('b')), null)
  expect(all.hello('2', hello(headers('b')), null)).toMatchObject({ begins: true })
  expect(all.nodeOf('1')).toBeUndefined()
  expect(all.nodeOf('2')).toBe('b')
})

test('this node itself is refused, by its UUID and by its name', () => {
  const all = peers()
  expect(all.hello('uuid-a', hello(headers('b')), null).type).toBe('refused')
  expect(all.hello('1', hello(headers('a')), null).type).toBe('refused')
  expect(all.nodeOf('1')).toBeUndefined()
})

test('a node that the definition does not list is refused', () => {
  const all = peers()
  expect(all.hello('1', hello(headers('z')), null).type).toBe('refused')
  expect(all.hello('1', hello(null), null).type).toBe('refused')
})

test('Z3: a node of another cluster is refused by name, and told what to do', () => {
  const all = peers()
  for (const [cluster, shown] of [
    ['test', 'the cluster "test"'],
    ['', 'a cluster without a name'],
  ] as const) {
    expect(all.hello('1', hello({ ...headers('b'), cluster }), null)).toEqual({
      type: 'refused',
      why:
        `node b at tcp://10.0.0.2:6000 is of ${shown}, this one of the cluster "shop": ` +
        'give one of the two other ports (ClusterPort, and those for inbound and outbound), or both the same TidingsClusterName',
    })
  }
  expect(all.nodeOf('1')).toBeUndefined()
})

test('another program that speaks ZRE is known by its endpoint, and is no peer of ours', () => {
  const all = peers()
  expect(all.hello('1', hello(null), 'c')).toMatchObject({ peer: { node: 'c', headers: null } })
})

test('the state of a node follows what is heard of it', () => {
  const all = peers()
  all.hello('1', hello(headers('b')), null)
  all.connection('b', true, 0)
  expect(all.heard('b', 0)).toBe(true)
  expect(all.tick(60_000, 0)).toEqual(['b'])
  expect(all.state('b')).toBe('suspect')
  all.connection('b', false, 0)
  expect(all.tick(60_001, 0)).toEqual(['b'])
  expect(all.state('b')).toBe('gone')
  expect(all.heard('z', 0)).toBe(false)
  expect(all.state('z')).toBe('gone')
})

test('Z5: a name that is borne is not taken from another place, but once nobody answers at the old one', () => {
  const all = peers()
  const elsewhere = { ...hello(headers('b')), endpoint: 'tcp://10.0.0.9:6000' }
  all.hello('1', hello(headers('b')), null)
  all.connection('b', true, 0)
  all.heard('b', 0)
  expect(all.hello('2', elsewhere, null)).toEqual({
    type: 'refused',
    why:
      'tcp://10.0.0.9:6000 says that it is b, which is at tcp://10.0.0.2:6000 and answers there: ' +
      'give each node a name of its own',
  })
  expect(all.nodeOf('1')).toBe('b')
  all.connection('b', false, 0)
  all.connection('b', true, 0)
  expect(all.hello('3', elsewhere, 'b')).toMatchObject({ type: 'accepted', begins: true })
  expect(all.hello('1', hello(headers('b')), 'b')).toMatchObject({ type: 'accepted' })
  all.connection('b', false, 0)
  expect(all.hello('2', elsewhere, null)).toMatchObject({ type: 'accepted', begins: true })
  expect(all.nodeOf('1')).toBeUndefined()
})

test('Z5: who is where a node answers is no new life of it, until its connection has ended or it has fallen silent', () => {
  const all = peers()
  all.hello('1', hello(headers('b')), 'b')
  all.connection('b', true, 0)
  all.heard('b', 0)
  const why =
    'tcp://10.0.0.2:6000 says that it is a new life of b, but b answers at tcp://10.0.0.2:6000, on a connection that has not ended'
  expect(all.hello('2', hello(headers('b')), 'b')).toEqual({ type: 'held', why })
  // Nor is it another node: c would lead the link to b away.
  expect(all.hello('2', hello(headers('c')), null)).toMatchObject({ type: 'held' })
  expect(all.nodeOf('1')).toBe('b')
  expect(all.nodeOf('2')).toBeUndefined()
  all.tick(60_000, 0)
  expect(all.hello('2', hello(headers('b')), 'b')).toMatchObject({ type: 'accepted' })
})

test('Z5: a new life is there at once when the connection to the last one has ended, though it was made again', () => {
  const all = peers()
  all.hello('1', hello(headers('b')), 'b')
  all.connection('b', true, 0)
  all.heard('b', 0)
  all.connection('b', false, 1)
  all.connection('b', true, 2)
  expect(all.hello('2', hello(headers('b')), 'b')).toMatchObject({ type: 'accepted', begins: true })
  all.heard('b', 3)
  expect(all.hello('3', hello(headers('b')), 'b')).toMatchObject({ type: 'held' })
})
