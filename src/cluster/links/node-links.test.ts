import { beforeEach, describe, expect, it } from 'vitest'
import { type Peer, type TidingsHeaders, whisperVersion } from '../membership/peers.ts'
import { NodeLinks } from './node-links.ts'

const headers: TidingsHeaders = {
  node: 'b',
  inbound: 1,
  outbound: 2,
  relay: 3,
  wire: whisperVersion,
  mode: 'mesh',
  history: 'h',
  cluster: 'shop',
  link: 'relay',
}
const peer: Peer = { node: 'b', endpoint: 'tcp://10.0.0.2:6000', uuid: 'life', headers }

let told: string[]
/** What subscriptions are told. */
let rosterStates: string[]
let links: NodeLinks
let address: string | null
beforeEach(() => {
  told = []
  rosterStates = []
  address = '10.0.0.2'
  links = new NodeLinks({
    mode: 'mesh',
    link: 'relay',
    addressOf: () => address,
    rosterState: (node, state) => rosterStates.push(`${node} ${state}`),
    warn: (message) => told.push(message),
    dataPath: {
      openLink: (to) => told.push(`open ${to.node} at ${to.address}, ${to.life}`),
      closeLink: (node) => told.push(`close ${node}`),
    },
  })
})

describe('a link to another node', () => {
  it('is due when the node has said who it is, and whenever it is alive', () => {
    links.greeted(peer, true)
    links.memberState('b', 'alive', peer)
    expect(told).toEqual(['open b at 10.0.0.2, life', 'open b at 10.0.0.2, life'])
  })

  it('stays while the node is suspect, and goes when it is gone', () => {
    links.memberState('b', 'suspect', peer)
    expect(told).toEqual([])
    links.memberState('b', 'gone', peer)
    expect(told).toEqual(['close b'])
  })

  it('leads to where the node is now', () => {
    links.greeted(peer, true)
    address = '10.0.0.3'
    links.moved('alive', peer)
    links.moved('gone', peer)
    links.moved('alive', undefined)
    expect(told).toEqual(['open b at 10.0.0.2, life', 'open b at 10.0.0.3, life'])
  })

  it('waits until it is known where the node is, and who', () => {
    address = null
    links.greeted(peer, false)
    address = '10.0.0.3'
    links.memberState('b', 'alive', undefined)
    expect(told).toEqual([])
    links.greeted(peer, false)
    expect(told).toEqual(['open b at 10.0.0.3, life'])
  })

  it('Z8: is not made to a node that speaks otherwise, nor kept from its life before, which is told once in each life', () => {
    for (const [other, speaks] of [
      [{ ...headers, wire: whisperVersion + 1 }, `version ${whisperVersion + 1}`],
      [null, 'no protocol of ours'],
    ] as const) {
      told = []
      links.greeted({ ...peer, headers: other }, true)
      links.greeted({ ...peer, headers: other }, false)
      expect(told).toEqual([
        `node b speaks ${speaks}, this one version ${whisperVersion}: it is not linked`,
        'close b',
      ])
    }
  })

  it('Z8: a node that speaks otherwise is out of reach, though it is there, until a life of it speaks as we do', () => {
    const other = { ...peer, headers: { ...headers, wire: whisperVersion + 1 } }
    links.greeted(other, true)
    links.memberState('b', 'alive', other)
    links.greeted(other, false)
    expect(rosterStates).toEqual(['b gone', 'b gone'])
    links.greeted(peer, true)
    links.memberState('b', 'suspect', peer)
    links.memberState('b', 'alive', peer)
    expect(rosterStates.slice(2)).toEqual(['b alive', 'b suspect', 'b alive'])
  })

  it('Z8: is not made to a node that is linked otherwise, which is out of reach, and told why', () => {
    const otherwise = { ...peer, headers: { ...headers, link: 'multicast' } as const }
    links.greeted(otherwise, true)
    links.memberState('b', 'alive', otherwise)
    expect(rosterStates).toEqual(['b gone', 'b gone'])
    expect(told[0]).toMatch(
      /^node b is linked by multicast, this one by relay, .* it is not linked$/,
    )
    expect(told.slice(1)).toEqual(['close b'])
    links.greeted({ ...peer, headers: { ...headers, link: '' } }, true)
    expect(rosterStates.at(-1)).toBe('b alive')
    expect(told.at(-1)).toBe('open b at 10.0.0.2, life')
  })

  it('is made to a node of another mode, which is told', () => {
    links.greeted({ ...peer, headers: { ...headers, mode: 'proxy' } }, true)
    expect(told).toEqual([
      'node b runs in proxy mode, this one in mesh mode',
      'open b at 10.0.0.2, life',
    ])
  })
})
