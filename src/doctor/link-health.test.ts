import { expect, it } from 'vitest'
import { loadSettings } from '../definition/load-settings.ts'
import { nothingSaid } from '../model/cluster-snapshot.ts'
import type { GroupSnapshot, LinkSnapshot, ReceptionSnapshot } from '../model/link-snapshot.ts'
import { examineLinks } from './link-health.ts'

const { settings } = loadSettings({
  definition: {
    global: { ZeroMQProxyInboundPort: 5561, ZeroMQProxyOutboundPort: 5560 },
    systems: [{ name: 'S', hosts: ['10.0.0.1', '10.0.0.2'].map((name) => ({ name })) }],
  },
  host: '10.0.0.1',
  env: {},
})
if (settings === null) throw new Error('no settings')

const reception: ReceptionSnapshot = {
  way: 'group',
  heard: 1_000,
  heardBytes: 1_000_000,
  repaired: 0,
  repairedBytes: 0,
  skipped: 0,
  lostShare: 0.01,
  longest: 1_400,
  longerMissed: 0,
}
const link: LinkSnapshot = {
  node: 'b',
  by: 'multicast',
  state: 'connected',
  at: '10.0.0.2:6002',
  forMs: 60_000,
  reception,
}
const group: GroupSnapshot = {
  at: '239.192.84.73:6000',
  from: '10.0.0.1',
  datagramBytes: 1_400,
  sent: 9,
  sentBytes: 900,
  resent: 0,
  resentBytes: 0,
  unsent: 0,
  receiveBuffer: 8_388_608,
  overrun: 0,
  refused: [{ why: 'double', datagrams: 4 }],
}

/** What is found where `a` says this of the link from `b` and of the group; of the link from `a`, `b` says what is usual. */
function found(of: Partial<LinkSnapshot>, ofGroup: Partial<GroupSnapshot> = {}, back = link) {
  const node = { ...nothingSaid, address: null, state: 'alive' as const }
  const a = { ...node, name: 'a', links: [{ ...link, ...of }], group: { ...group, ...ofGroup } }
  const b = { ...node, name: 'b', links: [{ ...back, node: 'a' }], group }
  const snapshot = {
    system: 'S',
    node: 'a',
    mode: 'mesh',
    link: 'multicast',
    nodes: [a, b],
  } as const
  const ground = { settings, snapshot, names: new Map(), addresses: {} } as never
  return examineLinks(ground).findings.map(
    ({ severity, what, remedy }) => `${severity}: ${what} → ${remedy}`,
  )
}

const byTcp = { reception: { ...reception, way: 'channel' } } as const

it.each<[string, Partial<LinkSnapshot>, Partial<GroupSnapshot>]>([
  ['all is well', {}, {}],
  ['it is just being made', { state: 'connecting', forMs: 9_999 }, {}],
  ['it has just been made', { ...byTcp, forMs: 9_999 }, {}],
  ['too few datagrams came', { reception: { ...reception, lostShare: null } }, {}],
])('nothing where %s', (_, of, ofGroup) => {
  expect(found(of, ofGroup)).toEqual([])
})

it('a link that does not stand, and one that has no thread', () => {
  expect(found({ state: 'connecting' })).toEqual([
    'problem: the link from b to a does not stand: 10.0.0.2:6002 is not reached from there → ' +
      'run tidings doctor on a: it tries the port from there',
  ])
  expect(found({ state: 'refused' })).toEqual([
    'problem: a has no thread left for the link from b → start GENESIS_CLUSTER on a with a larger UV_THREADPOOL_SIZE',
  ])
})

it('tells one way that multicast does not go from a network without multicast', () => {
  expect(found(byTcp)).toEqual([
    expect.stringMatching(/^problem: datagrams of b do not come to a by multicast.*IGMP/) as string,
  ])
  expect(found(byTcp, {}, { ...link, ...byTcp })).toEqual([
    expect.stringMatching(
      /^problem: no node hears another.*→ let UDP to 239\.192\.84\.73:6000 through.*UnicastRelayEnabled/,
    ) as string,
  ])
})

it('tells datagrams that are too long for the network from those that are lost, and which length it carries', () => {
  const short = { ...reception, lostShare: 0.5, longest: 1_200, longerMissed: 5 }
  expect(found({ reception: short })).toEqual([
    'problem: datagrams of b of more than 1200 bytes do not come to a by multicast, and are sent again by TCP → ' +
      'let the network carry UDP datagrams of 1400 bytes, or set TidingsMulticastDatagramBytes to 1200',
  ])
  expect(found({ reception: { ...short, longest: 28 } })).toEqual([
    expect.stringMatching(/→ let the network carry UDP datagrams of 1400 bytes$/) as string,
  ])
  expect(found({ reception: { ...short, longerMissed: 4 } })).toEqual([
    expect.stringMatching(/^problem: 50\.0 % of the datagrams of b/) as string,
  ])
})

it('what is lost, overrun, too small, or of another cluster', () => {
  const of = (ofGroup: Partial<GroupSnapshot>) => found({}, ofGroup)
  expect(found({ reception: { ...reception, lostShare: 0.0312 } })).toEqual([
    expect.stringMatching(
      /^problem: 3\.1 % of the datagrams of b do not come to a by multicast/,
    ) as string,
  ])
  expect(of({ overrun: 1_200 })).toEqual([
    expect.stringMatching(
      /^problem: 1,200 datagrams came to a while .*rmem_max=4194304 there/,
    ) as string,
  ])
  expect(of({ receiveBuffer: 425_984 })).toEqual([
    expect.stringMatching(/^note: a has 425,984 bytes .* 4,194,304 are wanted/) as string,
  ])
  expect(of({ from: null, receiveBuffer: 0, overrun: null })).toEqual([
    expect.stringMatching(
      /^problem: a cannot use the multicast group 239\.192\.84\.73:6000/,
    ) as string,
  ])
  expect(of({ refused: [{ why: 'other-cluster', datagrams: 1 }] })).toEqual([
    expect.stringMatching(
      /^problem: another cluster uses .*TidingsMulticastGroup of its own$/,
    ) as string,
  ])
})
