import type { LinksSnapshot } from '../../model/link-snapshot.ts'
import type { TidingsHeaders } from '../membership/peers.ts'

/** Another node's GENESIS_CLUSTER in one of its lives, and where it is. */
export interface LinkPeer {
  readonly node: string
  readonly address: string
  /** Its UUID, which is new in each run. */
  readonly life: string
  /** What it says of itself, its ports among that. */
  readonly headers: TidingsHeaders
}

/** Least time between two renewals of one link, milliseconds: many processes may ask for it at once. */
export const renewIntervalMs = 2_000

/** What carries updates from the other nodes to this one: one implementation for each kind of link. */
export interface Links {
  /** The node is there. Changes nothing where the link leads there, to this life, already. */
  open(peer: LinkPeer): void
  /** The node is gone. Resolves when nothing of its link is left. */
  close(node: string): Promise<void>
  /** A process hears nothing from there. False: there is no such link, or it was made a moment ago. */
  renew(node: string, now: number): boolean
  /** As they are now, for people. */
  states(now: number): LinksSnapshot
  /** For good: what is opened afterwards is not made. */
  closeAll(): Promise<void>
}

/** The endpoints at which the links of a bus meet it. */
export interface LinkedBus {
  /** Its outbound proxy takes there what is to go out to the processes. */
  readonly outboundAt: string
  /** Its export proxy gives there what the processes of the node publish. */
  readonly relayAt: string
}

/** Makes the links of a bus. @throws TidingsError PORT_TAKEN; nothing is left open then. */
export type NewLinks = (bus: LinkedBus) => Links | Promise<Links>
