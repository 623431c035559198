import type { Hop } from '../model/hop.ts'
import type { SubscriptionOutput } from './subscription-output.ts'
import { replyPath, type Source } from './source.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'

/**
 * Makes the path from a publisher anew, hop by hop, when it is silent or a topic of it stays
 * unproven: our own subscriptions first, then what the layer can make anew; what other publishers come over, too, only
 * when none of them is heard.
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
    const unproven = source.unproven.size > 0 && source.syncs.count > this.#limits.renewAfterSyncs
    if ((source.state !== 'stalled' && !unproven) || !source.renewals.isDue(now)) return
    const { incarnation } = source.identity
    // Our own subscriptions are the first hop, whatever the layer: to send them again harms nobody.
    const hops = [null, ...this.#output.hops(incarnation)]
    const { count } = source.renewals
    const round = Math.floor(count / hops.length)
    const hop = hops[count % hops.length]
    const least = Math.min(this.#limits.renewEveryMs * 2 ** round, this.#limits.renewMaxMs)
    // What is made anew takes what is under way with it: an answer first has its time.
    source.renewals.renewed(now + source.pauseMs(least))
    if (hop) {
      if (!hop.isShared || !this.#servesOthers(hop, source, now, sources))
        this.#output.renew(hop, incarnation)
      return
    }
    const topics = [...source.unproven].filter((topic) => topic !== replyPath)
    if (this.#isDue(topics, now)) this.#output.subscribeAgain(topics)
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

  /** One frozen publisher never cuts healthy streams. */
  #servesOthers({ name }: Hop, source: Source, now: number, sources: Iterable<Source>): boolean {
    const isOnWayOf = ({ identity }: Source) =>
      this.#output.hops(identity.incarnation).some((hop) => hop.isShared && hop.name === name)
    for (const other of sources) {
      if (other === source || other.isOver || now > other.mayBeSilentUntil) continue
      if (isOnWayOf(other)) return true
    }
    return false
  }
}
