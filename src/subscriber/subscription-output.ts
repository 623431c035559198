import type { Hop } from '../model/hop.ts'
import type { Loss } from '../model/loss.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Request } from '../model/request.ts'
import type { Update } from '../model/update.ts'

/** What is to know how far the application has taken it. */
export interface Consumable {
  /** All up to this sequence was handed over. */
  consume(last: number): void
}

/** A stream and the last sequence that a delivery carries of it. */
export interface StreamPosition {
  readonly stream: Consumable
  readonly last: number
}

/** What a subscription says of itself; told to people, never needed by the protocol. */
export type SubscriptionEvent =
  | { readonly type: 'waiting'; readonly missing: readonly string[] }
  | { readonly type: 'publisher-stalled' | 'publisher-live'; readonly publisher: PublisherIdentity }
  | {
      readonly type: 'publisher-gone' | 'publisher-finished'
      readonly publisher: PublisherIdentity
    }
  | {
      readonly type: 'behind'
      readonly publisher: PublisherIdentity
      readonly table: string
      readonly from: number
      readonly to: number
    }
  /** What it was behind by, and what came in the meantime, is all here or reported lost. */
  | {
      readonly type: 'repaired'
      readonly publisher: PublisherIdentity
      readonly table: string
      readonly from: number
      readonly to: number
    }
  /** Two processes publish under one incarnation: from this sequence on came other updates under numbers already used. */
  | {
      readonly type: 'publisher-cloned'
      readonly publisher: PublisherIdentity
      readonly table: string
      readonly sequence: number
    }
  | { readonly type: 'refused'; readonly reason: string; readonly count: number }

/** What a subscription does to the outside. */
export interface SubscriptionOutput {
  request(request: Request): void
  /** Milliseconds since 1970. */
  wallClock(): number
  /** A number that this process has not used before. */
  nonce(): number
  /** No updates: those up to the positions were all kept back by the filter. */
  updates(updates: Update[], incomplete: boolean, bytes: number, positions: StreamPosition[]): void
  /** So many updates of what is delivered next do not pass the filter. */
  filtered(updates: number): void
  /** `bytes`: what they take beside themselves, as the keys of a reset do. */
  losses(losses: Loss[], positions: StreamPosition[], bytes?: number): void
  /** True while more may be delivered; false: the application is behind. */
  hasRoom(): boolean
  /** True while the application's queue is under half: more may be asked for. */
  isUnderHalf(): boolean
  ready(): void
  /** A sync is due before the next tick: a tick is wanted so many milliseconds from now. */
  wakeWithin(ms: number): void
  /** Our subscriptions to these tables (null: to all), and to the reply topic, are sent again. */
  subscribeAgain(tables: readonly (string | null)[]): void
  /** What can be made anew on the way from a publisher, in the order in which it is to be tried. */
  hops(incarnation: string): readonly Hop[]
  renew(hop: Hop, incarnation: string): void
  /** When this process last had any frame of a publisher, for whichever subscription; −∞: not lately. */
  heardAt(incarnation: string): number
  /** For how much of the time since then nobody could be heard who comes over the connection that publishers share, milliseconds. */
  sharedHopBrokenMs(since: number, now: number): number
  /** By the roster a publisher has ended in good order: it is final. */
  hasLeft(incarnation: string): boolean
  /** How long this process itself has stood still up to now, all in all, milliseconds. */
  ownStallsMs(now: number): number
  event(event: SubscriptionEvent): void
}
