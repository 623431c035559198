import type { TidingsError } from '../base/tidings-error.ts'
import type { Hop } from '../model/hop.ts'
import type { ConnectionCounts, Registration, RosterChange } from '../model/roster-entry.ts'

/** What a transport says to people; no rule of the protocol depends on it. */
export type TransportEvent =
  | { readonly type: 'connected' | 'disconnected'; readonly to: string; readonly endpoint: string }
  | { readonly type: 'renewed'; readonly hop: string; readonly why: string }
  | { readonly type: 'cluster-lost' | 'cluster-found' }
  | { readonly type: 'refused'; readonly reason: string; readonly count: number }
  /** Who is at this hop does not let us in, and why, with what to do. */
  | {
      readonly type: 'shut-out'
      readonly to: string
      readonly endpoint: string
      readonly message: string
    }
  /** The key file has changed: its keys are taken, or why not. */
  | { readonly type: 'keys'; readonly isTaken: boolean; readonly message: string }

/** What the data plane tells the queue. */
export interface DataHandlers {
  /** A message from a publisher, which begins with its topic. The bytes may be kept. */
  message(message: Uint8Array): void
  /**
   * The transport calls it after each `message`. A promise: the transport reads no more until it is fulfilled, so that the
   * senders are held up, or drop. Left out, or null: there is always room.
   */
  room?(): Promise<void> | null
  /** A request from a subscriber, one frame. The bytes may be kept. */
  request(frame: Uint8Array): void
  /** A connection on which updates come was made again: something may have been missed. */
  reconnected(): void
  /**
   * The connection that the updates of other publishers share (`Hop.isShared`) has broken, or stands again. While it is
   * broken none of them is heard, whether he publishes or not. A layer in which nothing breaks says nothing.
   */
  sharedHop(stands: boolean): void
}

/** What the roster plane tells the queue. */
export interface RosterHandlers {
  roster(change: RosterChange): void
  /** GENESIS_CLUSTER has taken this registration (the one given to the latest acknowledged `register()`). */
  registered(registration: Registration): void
}

/** What a transport tells the queue. Called one at a time, never from inside a call of the port. */
export interface TransportHandlers extends DataHandlers, RosterHandlers {
  event(event: TransportEvent): void
  /**
   * For tests of applications: sends at once what waits to be sent. False: some of it has not left, since the roster
   * does not know yet that this process publishes.
   */
  sendAll?(): boolean
  /** For tests of applications: lets go of all that is retained, so that what was not carried is lost. */
  forget?(): void
  /** The transport cannot go on; it is closed after this. */
  failed(error: TidingsError): void
}

/**
 * Moves messages between processes. Fast, may drop at any hop without a word, keeps the order of what one process
 * sends to one topic. What is sent reaches each subscribed process at most once per path; it may come back to the
 * sender, who drops it.
 */
export interface DataPlane {
  /**
   * Sends down to whoever subscribed to a prefix of the topic, which `message` begins with. Never
   * waits; the bytes are never written again.
   */
  send(topic: string, message: Uint8Array): void
  /**
   * Sends up to publishers: one frame whose first byte is neither 0 nor 1. `publishers`: whom it is for, by
   * incarnation; null: everybody who publishes. A transport that cannot address may bring it to others, too: they pass it over.
   */
  request(frame: Uint8Array, publishers: readonly string[] | null): void
  subscribe(topicPrefix: string): void
  unsubscribe(topicPrefix: string): void
  /**
   * What can be made anew between this publisher and us, in the order in which it is to be tried: first what
   * interrupts nothing that is well.
   */
  hops(incarnation: string): readonly Hop[]
  /** Makes a hop of that way anew, unless the transport did so in the last two seconds. Every subscription stays. */
  renew(hop: Hop, incarnation: string): void
  /** Zeros where the layer has none. */
  connections(): ConnectionCounts
}

/** Says who this process is, and hears who else is there: versioned state, told again until it is acknowledged. */
export interface RosterPlane {
  /**
   * What this process now says of itself; `registered` follows when GENESIS_CLUSTER has it. It is said again without
   * being asked, also to a GENESIS_CLUSTER that has started anew: the caller need not repeat it.
   */
  register(registration: Registration): void
}

/** One process's place in a layer: both planes, opened and closed together. */
export interface Transport extends DataPlane, RosterPlane {
  /** From `open()` on: the process port that the application is told; null where it has none. */
  readonly port: number | null
  /**
   * Resolves when this process is registered and connected, and its first update would reach who has subscribed: with
   * the registration as it is carried, which has the place that the layer gave it.
   * Rejects with CLUSTER_UNREACHABLE, ACCESS_DENIED, NAME_TAKEN, MODE_MISMATCH, PORT_TAKEN or ABORTED; nothing is
   * left open then.
   */
  open(
    registration: Registration,
    handlers: TransportHandlers,
    signal: AbortSignal,
  ): Promise<Registration>
  /** Sends what is under way (bounded by `lingerMs`) and closes everything. Idempotent. */
  close(lingerMs: number): Promise<void>
}
