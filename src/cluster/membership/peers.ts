import { addressOf } from '../../base/host-port.ts'
import type { NodeState } from '../../model/cluster-snapshot.ts'
import type { NodeLink } from '../../model/roster-entry.ts'
import { Member } from './member.ts'
import type { Hello } from './zre-codec.ts'

/** The version of what GENESIS_CLUSTER processes say to each other, and of the updates that cross. */
export const whisperVersion = 2

const headerNames = {
  node: 'X-TIDINGS-NODE',
  inbound: 'X-TIDINGS-INBOUND',
  outbound: 'X-TIDINGS-OUTBOUND',
  relay: 'X-TIDINGS-RELAY',
  wire: 'X-TIDINGS-WIRE',
  mode: 'X-TIDINGS-MODE',
  history: 'X-TIDINGS-HISTORY',
  cluster: 'X-TIDINGS-CLUSTER',
  link: 'X-TIDINGS-LINK',
} as const

/** What the HELLO of a GENESIS_CLUSTER says in its headers. */
export interface TidingsHeaders {
  readonly node: string
  readonly inbound: number
  readonly outbound: number
  readonly relay: number
  readonly wire: number
  readonly mode: string
  /** The life of its roster. */
  readonly history: string
  /** The name of its cluster. */
  readonly cluster: string
  /** How it is linked to other nodes; empty: it does not say. */
  readonly link: NodeLink | ''
}

export function writeHeaders(headers: TidingsHeaders): Map<string, string> {
  return new Map(
    Object.entries(headerNames).map(([field, name]) => [
      name,
      String(headers[field as keyof TidingsHeaders]),
    ]),
  )
}

/** null: another program that speaks ZRE, or headers that make no sense. */
export function readHeaders(headers: ReadonlyMap<string, string>): TidingsHeaders | null {
  const text = (field: keyof TidingsHeaders) => headers.get(headerNames[field]) ?? ''
  const read: TidingsHeaders = {
    node: text('node'),
    inbound: Number(text('inbound')),
    outbound: Number(text('outbound')),
    relay: Number(text('relay')),
    wire: Number(text('wire')),
    mode: text('mode'),
    history: text('history'),
    cluster: text('cluster'),
    link: (['none', 'relay', 'multicast'] as const).find((each) => each === text('link')) ?? '',
  }
  const ports = [read.inbound, read.outbound, read.relay]
  const good = ports.every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535)
  return good && read.node !== '' && Number.isInteger(read.wire) ? read : null
}

/**
 * Why nothing that is published on it comes to a node that is linked so, or back, for people; null: it does. Who does not
 * say how it is linked is taken to be linked as we are.
 */
export function misfitOf(theirs: TidingsHeaders | null, link: NodeLink | ''): string | null {
  if (theirs === null) return `speaks no protocol of ours, this one version ${whisperVersion}`
  if (theirs.wire !== whisperVersion)
    return `speaks version ${theirs.wire}, this one version ${whisperVersion}`
  if (theirs.link === '' || theirs.link === link) return null
  return `is linked by ${theirs.link}, this one by ${link}, and ZeroMQProxyUnicastRelayEnabled is one for all hosts`
}

/** Another node's GENESIS_CLUSTER in one of its lives. */
export interface Peer {
  readonly node: string
  /** Where its ROUTER is, as it says. */
  readonly endpoint: string
  /** Its ZRE UUID: new in each life. */
  readonly uuid: string
  /** null: it speaks ZRE and is none of ours. */
  readonly headers: TidingsHeaders | null
}

type HelloOutcome =
  | { readonly type: 'accepted'; readonly peer: Peer; readonly begins: boolean }
  | { readonly type: 'refused'; readonly why: string }
  /** Another life answers at this place: this one is there once that one does not. */
  | { readonly type: 'held'; readonly why: string }

/** A cluster, for people. */
export const clusterNamed = (name: string): string =>
  name === '' ? 'a cluster without a name' : `the cluster "${name}"`

/** Why a node of that name, whose ports are at that address, is none of the cluster; null: it is one. */
export type NodeRefusal = (node: string, address: string) => string | null

/** The other nodes of the cluster and who speaks for each. Time is an argument. */
export class Peers {
  readonly #ownNode: string
  readonly #ownUuid: string
  readonly #members = new Map<string, Member>()
  readonly #peers = new Map<string, Peer>()
  readonly #nodeOf = new Map<string, string>()
  readonly #refusal: NodeRefusal
  readonly #cluster: string

  constructor(ownNode: string, ownUuid: string, cluster: string, refusal: NodeRefusal) {
    this.#ownNode = ownNode
    this.#cluster = cluster
    this.#ownUuid = ownUuid
    this.#refusal = refusal
  }

  /** `at`: the contact whose membership port the HELLO's endpoint is: a host of the definition by its name, for a sender without headers. */
  hello(uuid: string, hello: Hello, at: string | null): HelloOutcome {
    if (uuid === this.#ownUuid) return { type: 'refused', why: 'it is this node itself' }
    const headers = readHeaders(hello.headers)
    const node = headers?.node ?? at
    if (node === this.#ownNode) {
      return { type: 'refused', why: `${hello.endpoint} takes itself for this node, ${node}` }
    }
    if (node === null) {
      return {
        type: 'refused',
        why: `${hello.endpoint} is none of ours, and no node of the cluster`,
      }
    }
    const why =
      this.#refusal(node, addressOf(hello.endpoint)) ?? this.#otherCluster(hello.endpoint, headers)
    if (why !== null) return { type: 'refused', why }
    if (!this.#members.has(node)) this.#members.set(node, new Member(node))
    const old = this.#peers.get(node)
    // Where the definition says that the node is, it is.
    const taken = old && at !== node && this.#taken(old, uuid, hello.endpoint)
    if (taken) return { type: 'refused', why: taken }
    const held = this.#held(node, uuid, hello.endpoint)
    if (held) return { type: 'held', why: held }
    if (old) this.#nodeOf.delete(old.uuid)
    const peer = { node, endpoint: hello.endpoint, uuid, headers }
    this.#peers.set(node, peer)
    this.#nodeOf.set(uuid, node)
    return { type: 'accepted', peer, begins: old?.uuid !== uuid }
  }

  /**
   * Who comes from elsewhere has the name of a node only once nobody answers at the old place; else the two would take it
   * from each other with each HELLO.
   */
  #taken({ node, uuid, endpoint }: Peer, other: string, from: string): string | null {
    const member = this.#members.get(node)
    const isHeld = member?.isConnected === true && member.state !== 'gone'
    if (other === uuid || from === endpoint || !isHeld) return null
    return `${from} says that it is ${node}, which is at ${endpoint} and answers there: give each node a name of its own`
  }

  /**
   * A HELLO may be forged, a connection that stands is not: who is at its other end is who it was. A new life of the node
   * has a new connection.
   */
  #held(node: string, uuid: string, from: string): string | null {
    for (const peer of this.#peers.values()) {
      const isThere = peer.node === node || peer.endpoint === from
      if (isThere && peer.uuid !== uuid && this.#members.get(peer.node)?.answers === true)
        return `${from} says that it is a new life of ${node}, but ${peer.node} answers at ${peer.endpoint}, on a connection that has not ended`
    }
    return null
  }

  /** Two projects with the same hosts and ports are two clusters all the same. */
  #otherCluster(endpoint: string, headers: TidingsHeaders | null): string | null {
    if (headers === null || headers.cluster === this.#cluster) return null
    return (
      `node ${headers.node} at ${endpoint} is of ${clusterNamed(headers.cluster)}, this one of ${clusterNamed(this.#cluster)}: ` +
      'give one of the two other ports (ClusterPort, and those for inbound and outbound), or both the same TidingsClusterName'
    )
  }

  forget(node: string): void {
    const peer = this.#peers.get(node)
    if (peer) this.#nodeOf.delete(peer.uuid)
    this.#peers.delete(node)
    this.#members.delete(node)
  }

  /** Who speaks for a node; undefined before its first HELLO. */
  peer(node: string): Peer | undefined {
    return this.#peers.get(node)
  }

  /** The node that a sender speaks for; undefined before its HELLO. */
  nodeOf(uuid: string): string | undefined {
    return this.#nodeOf.get(uuid)
  }

  state(node: string): NodeState {
    return this.#members.get(node)?.state ?? 'gone'
  }

  /** True: the node's state has changed. */
  heard(node: string, now: number): boolean {
    return this.#members.get(node)?.heard(now) ?? false
  }

  /** Who has this UUID says that it leaves, or somebody in its name. */
  leaving(uuid: string): void {
    const node = this.#nodeOf.get(uuid)
    if (node !== undefined) this.#members.get(node)?.leaving()
  }

  connection(node: string, isOpen: boolean, now: number): void {
    this.#members.get(node)?.connection(isOpen, now)
  }

  /** The nodes whose state has changed. */
  tick(now: number, late: number): string[] {
    return [...this.#members.values()].filter((member) => member.tick(now, late)).map((m) => m.node)
  }
}
