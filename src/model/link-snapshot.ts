import type { NodeLink } from './roster-entry.ts'

/** `connecting`: its connection is not made yet, or has ended. `refused`: this node has no thread left for it. */
export const linkConditions = ['connecting', 'connected', 'refused'] as const

export type LinkCondition = (typeof linkConditions)[number]

/** How the updates of one node come to another one, as that one says it. */
export interface LinkSnapshot {
  /** The node whose updates come. */
  readonly node: string
  readonly by: Exclude<NodeLink, 'none'>
  readonly state: LinkCondition
  /** Where its connection leads, `host:port`; by multicast that of the channel. */
  readonly at: string
  /** How long the state has lasted, milliseconds. */
  readonly forMs: number
  /** By multicast; null: by relay, or the other node has not said yet where it begins. */
  readonly reception: ReceptionSnapshot | null
}

export const receptionWays = ['group', 'channel'] as const

/** How the datagrams of a node come. Counts begin with each life of its link. */
export interface ReceptionSnapshot {
  /** `channel`: the group does not bring them (yet), so they come by TCP. */
  readonly way: (typeof receptionWays)[number]
  /** Came by the group. */
  readonly heard: number
  readonly heardBytes: number
  /** Came by the channel, having been missed or not heard by the group. */
  readonly repaired: number
  readonly repairedBytes: number
  /** Given up: subscribers repair what was in them. */
  readonly skipped: number
  /** Of those of the last 10 s that the group should have brought, the share that it did not, from 0 to 1; null: too few came. */
  readonly lostShare: number | null
  /** Bytes of the longest datagram that came by the group, and how many longer ones did not come by it since. */
  readonly longest: number
  readonly longerMissed: number
}

/** What a node sends to the multicast group, and how it hears it. Counts begin with each life of its links. */
export interface GroupSnapshot {
  /** `address:port` of the group. */
  readonly at: string
  /** The address that its datagrams come from; null: it cannot use the group, and all goes by TCP. */
  readonly from: string | null
  readonly datagramBytes: number
  /** Datagrams sent to the group. */
  readonly sent: number
  readonly sentBytes: number
  /** Sent again by TCP, to any node. */
  readonly resent: number
  readonly resentBytes: number
  /** Datagrams that the system did not take. */
  readonly unsent: number
  /** Bytes in force for datagrams that wait to be read; 0: it hears none. */
  readonly receiveBuffer: number
  /** Datagrams that came while these were full; null: the system does not say. */
  readonly overrun: number | null
  /** Datagrams that were not taken, by why: `double`, `other-cluster`, … */
  readonly refused: readonly { readonly why: string; readonly datagrams: number }[]
}

/** All links of one node. */
export interface LinksSnapshot {
  readonly links: readonly LinkSnapshot[]
  /** null: it is not linked by multicast. */
  readonly group: GroupSnapshot | null
}
