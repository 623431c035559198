import { identityOf, type PublisherIdentity } from '../model/publisher-identity.ts'
import type { RoundTrips } from './round-trips.ts'
import { Source } from './source.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'

/** The publishers of one subscription. */
export class Sources {
  /** By incarnation. */
  readonly all = new Map<string, Source>()
  /**
   * Those of which something is held, missing or not told: what a delivery, room in the queue or a lack of
   * memory may concern. It may name others: `settled()` takes them out.
   */
  readonly open = new Set<Source>()
  readonly #limits: SubscriberLimits
  readonly #roundTrips: RoundTrips

  constructor(limits: SubscriberLimits, roundTrips: RoundTrips) {
    this.#limits = limits
    this.#roundTrips = roundTrips
  }

  get(incarnation: string): Source | undefined {
    return this.all.get(incarnation)
  }

  add(identity: PublisherIdentity, now: number): Source {
    const source = new Source(identityOf(identity), this.#limits, now, this.open, this.#roundTrips)
    this.all.set(identity.incarnation, source)
    return source
  }

  /** As if it had never been known. */
  forget(source: Source): void {
    this.all.delete(source.identity.incarnation)
    this.open.delete(source)
  }

  /** Something is held or lost, and waits for room in the application's queue perhaps. */
  get hasPending(): boolean {
    for (const { pending } of this.open) if (pending.size > 0) return true
    return false
  }

  /** It has been looked at: does it go on being open? */
  settled(source: Source): void {
    if (!source.isOpen) this.open.delete(source)
  }

  /** This process stood still for so long: nobody else is charged for it. */
  stoodStill(ms: number, now: number): void {
    for (const source of this.all.values()) source.stoodStill(ms, now)
  }

  /** Publishers that are over are remembered up to a number, the latest. */
  forgetEnded(): void {
    if (this.all.size <= this.#limits.tombstones) return
    for (const source of this.all.values()) {
      if (this.all.size <= this.#limits.tombstones) return
      if (!source.isOverForGood || !source.isSettled) continue
      this.forget(source)
    }
  }
}
