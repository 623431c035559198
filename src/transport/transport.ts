import type { TidingsError } from '../base/tidings-error.ts'
import type { ConnectionCounts, Registration, RosterChange } from '../model/roster-entry.ts'

/**
 * A hop of the path from a publisher to us that can be made anew:
 * `own`: our own connection (in a mesh the one to that publisher, else the one to our outbound port);
 * `link`: the link of our node to the publisher's node (GENESIS_CLUSTER is told);
 * `publisher`: the publisher's connection on its side (it is told through the roster plane).
 */
export type RenewStep = 'own' | 'link' | 'publisher'

/** What a transport says to people; no rule of the protocol depends on it. */
export type TransportEvent =
  | { readonly type: 'connected' | 'disconnected'; readonly to: string; readonly endpoint: string }
  | { readonly type: 'renewed'; readonly hop: string; readonly why: string }
  | { readonly type: 'cluster-lost' | 'cluster-found' }
  | { readonly type: 'refused'; readonly reason: string; readonly count: number }

/** What a transport tells the queue. Called one at a time, never from inside a call of the port. */
export interface TransportHandlers {
  /**
   * A message from a publisher: one frame that begins with its topic; of a program that is not ours,
   * perhaps more. The bytes may be kept.
   */
  frames(frames: readonly Uint8Array[]): void
  /**
   * Asked after `frames`. A promise: the transport reads no more until it is fulfilled, so that the
   * senders are held up, or drop. Left out, or null: there is always room.
   */
  room?(): Promise<void> | null
  /** A request from a subscriber, one frame. The bytes may be kept. */
  request(frame: Uint8Array): void
  roster(change: RosterChange): void
  /** GENESIS_CLUSTER has taken this registration (the one given to the latest acknowledged `register()`). */
  registered(registration: Registration): void
  /** A connection on which updates come was made again: something may have been missed. */
  reconnected(): void
  event(event: TransportEvent): void
  /**
   * For tests of applications: sends at once what waits to be sent. False: what is held back until the roster knows
   * that this process publishes has not left.
   */
  sendAll?(): boolean
  /** For tests of applications: lets go of all that is retained, so that what was not carried is lost. */
  forget?(): void
  /** The transport cannot go on; it is closed after this. */
  failed(error: TidingsError): void
}

/**
 * Moves messages and tells the roster. Two planes:
 *
 * data (`send`, `request`, `subscribe`): fast, may drop at any hop without a word, keeps the order of
 * what one process sends to one topic; what is sent reaches each subscribed process at most once per
 * path, never our own `frames` handler by duty (a transport may or may not echo; the queue drops it);
 *
 * roster (`register`, the `roster` handler): versioned state, told again until it is acknowledged.
 */
export interface Transport {
  /**
   * Resolves when this process is registered and connected and what it publishes is carried.
   * Rejects with CLUSTER_UNREACHABLE, NAME_TAKEN, MODE_MISMATCH, PORT_TAKEN or ABORTED; nothing is
   * left open then.
   */
  open(
    registration: Registration,
    handlers: TransportHandlers,
    signal: AbortSignal,
  ): Promise<Registration>
  /**
   * Sends down to whoever subscribed to a prefix of the topic, which `message` begins with. Never
   * waits; the bytes are never written again.
   */
  send(topic: string, message: Uint8Array): void
  /**
   * Sends up to publishers: one frame whose first byte is neither 0 nor 1. `publishers`: whom it is for, by
   * incarnation; null: everybody. A transport that cannot address may bring it to others, too: they pass it over.
   */
  request(frame: Uint8Array, publishers: readonly string[] | null): void
  subscribe(topicPrefix: string): void
  unsubscribe(topicPrefix: string): void
  /**
   * What this process now says of itself; `registered` follows when GENESIS_CLUSTER has it. The transport says it again by
   * itself, also to a GENESIS_CLUSTER that has started anew: it is said once where nothing changes.
   */
  register(registration: Registration): void
  renew(step: RenewStep, incarnation: string): void
  /** True: updates of this publisher come to us without passing GENESIS_CLUSTER. */
  isDirect(incarnation: string): boolean
  connections(): ConnectionCounts
  /** Sends what is under way (bounded by `lingerMs`) and closes everything. Idempotent. */
  close(lingerMs: number): Promise<void>
}
