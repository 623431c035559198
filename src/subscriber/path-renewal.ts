import type { RenewedHop, SubscriptionOutput } from './subscription-output.ts'
import { replyPath, type Source } from './source.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'

/**
 * Makes the path from a publisher anew, hop by hop, when it is silent or a topic of it stays
 * unproven. The nearest hop that can be blamed without cutting healthy streams comes first; our own
 * connection to the node only when nothing behind it is heard.
 */
export class PathRenewal {
  readonly #limits: SubscriberLimits
  readonly #output: SubscriptionOutput
  /** By topic (null: all tables; undefined: the reply topic), when it was asked for anew. */
  readonly #renewedAt = new Map<string | null | undefined, number>()

  constructor(limits: SubscriberLimits, output: SubscriptionOutput) {
    this.#limits = limits
    this.#output = output
  }

  tick(source: Source, now: number, sources: Iterable<Source>): void {
    const unproven = source.unproven.size > 0 && source.syncs > this.#limits.renewAfterSyncs
    if ((source.state !== 'stalled' && !unproven) || now < source.nextRenewAt) return
    const hops = this.#hops(source)
    const round = Math.floor(source.renewals / hops.length)
    const hop = hops[source.renewals % hops.length] as RenewedHop
    source.renewals++
    // What is made anew takes what is under way with it: an answer first has its time.
    source.nextRenewAt =
      now +
      source.pauseMs(Math.min(this.#limits.renewEveryMs * 2 ** round, this.#limits.renewMaxMs))
    if (hop === 'own' && !this.#mayCutOwn(source, now, sources)) return
    const topics = [...source.unproven].filter((topic) => topic !== replyPath)
    if (hop === 'topics' && !this.#isDue(topics, now)) return
    this.#output.renew(hop, source.identity.incarnation, topics)
  }

  /** One of the topics, or the reply topic that goes with them, was not asked for anew just now, for another publisher. */
  #isDue(topics: readonly (string | null)[], now: number): boolean {
    const all = [...topics, undefined]
    const isRecent = (topic: string | null | undefined) =>
      now - (this.#renewedAt.get(topic) ?? -Infinity) < this.#limits.topicsRenewedMs
    if (all.every(isRecent)) return false
    for (const topic of all) this.#renewedAt.set(topic, now)
    return true
  }

  #hops(source: Source): readonly RenewedHop[] {
    return this.#output.isDirect(source.identity.incarnation)
      ? ['topics', 'own', 'publisher']
      : ['topics', 'link', 'publisher', 'own']
  }

  /** One frozen publisher never cuts healthy streams. */
  #mayCutOwn(source: Source, now: number, sources: Iterable<Source>): boolean {
    if (this.#output.isDirect(source.identity.incarnation)) return true
    for (const other of sources) {
      if (other === source || this.#output.isDirect(other.identity.incarnation)) continue
      if (!other.isOver && now <= other.mayBeSilentUntil) return false
    }
    return true
  }
}
