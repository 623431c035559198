import type { PublishedUpdate, PublisherJournal, SubscriberJournal } from './journal.ts'
import type { Reach } from './reach.ts'
import type { Fail } from './violation.ts'
import type { WireWatch } from './wire-watch.ts'

/** On a free path everything is delivered or told within it. */
const lateAfterMs = 5000

/** Behind the last word of a publisher that has ended: silence counts from the tenth second, the rest is grain. */
const lateAfterEndMs = 12_000

/** Judges whether what was owed was told in time: only time in which it could be told counts. */
export class Timeliness {
  readonly #reach: Reach
  readonly #watch: WireWatch
  readonly #fail: Fail
  readonly #journal: SubscriberJournal

  constructor(journal: SubscriberJournal, reach: Reach, watch: WireWatch, fail: Fail) {
    this.#journal = journal
    this.#reach = reach
    this.#watch = watch
    this.#fail = fail
  }

  /** How long after its path was free again each update was told that had been sent while it was not, ms. */
  readonly healMs: number[] = []

  judge(publisher: PublisherJournal, update: PublishedUpdate, toldAt: number): void {
    if (this.#journal.isSlow) return
    const { incarnation } = publisher
    const { table, sequence } = update
    const sentAt = this.#watch.sentAt(incarnation, table, sequence)
    const name = `${incarnation.slice(0, 6)}.${table}${sequence} sent ${sentAt.toFixed(0)}`
    const subscriber = this.#journal.incarnation
    const livedUntil = Math.min(toldAt, publisher.endedAt)
    const free = longest(this.#reach.stretches(subscriber, incarnation), sentAt, livedUntil)
    this.#noteHealing(subscriber, incarnation, sentAt, toldAt)
    if (free > lateAfterMs)
      this.#fail('late', `${name}, told ${toldAt.toFixed(0)}, ${free.toFixed(0)} ms on a free path`)
    if (publisher.endedAt === Infinity) return
    const heardAt = this.#watch.heardAt(subscriber, incarnation)
    if (heardAt === -Infinity) return
    const silentFrom = Math.max(publisher.endedAt, heardAt, update.at)
    const awake = longest(this.#reach.awake(subscriber), silentFrom, toldAt)
    if (awake > lateAfterEndMs)
      this.#fail('late-ending', `${name}, silent from ${silentFrom.toFixed(0)}, told ${toldAt}`)
  }

  #noteHealing(subscriber: string, publisher: string, sentAt: number, toldAt: number): void {
    const stretches = this.#reach.stretches(subscriber, publisher)
    if (stretches.some(({ from, to }) => from <= sentAt && sentAt < to)) return
    const healed = stretches.find(({ from, to }) => from > sentAt && toldAt >= from && toldAt < to)
    if (healed) this.healMs.push(toldAt - healed.from)
  }
}

function longest(
  stretches: readonly { readonly from: number; readonly to: number }[],
  from: number,
  to: number,
): number {
  let most = 0
  for (const stretch of stretches)
    most = Math.max(most, Math.min(to, stretch.to) - Math.max(from, stretch.from))
  return most
}
