import type { Endings } from './endings.ts'
import type { Source } from './source.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

/** Who is not heard is stalled, then gone. */
export class SilenceWatch {
  readonly #own: string
  readonly #limits: SubscriberLimits
  readonly #endings: Endings
  readonly #output: SubscriptionOutput

  /** `own`: the process itself, which is never silent to itself. */
  constructor(own: string, limits: SubscriberLimits, endings: Endings, output: SubscriptionOutput) {
    this.#own = own
    this.#limits = limits
    this.#endings = endings
    this.#output = output
  }

  /** Until when the silence of these means nothing; 0: one of them is to be looked at now. */
  quietUntil(sources: Iterable<Source>): number {
    let until = Infinity
    for (const source of sources) until = Math.min(until, this.#quietUntil(source))
    return until
  }

  #quietUntil({ identity, state, mayAnswer, unproven, mayBeSilentUntil }: Source): number {
    if (!mayAnswer) return Infinity
    if (state !== 'live' || unproven.size > 0) return 0
    if (identity.incarnation === this.#own) return Infinity
    return mayBeSilentUntil + 1
  }

  /** True: it is gone now. */
  isGone(source: Source, now: number): boolean {
    if (source.identity.incarnation === this.#own) return false
    if (source.state === 'live' && now > source.mayBeSilentUntil) {
      source.stalled(now)
      this.#output.event({ type: 'publisher-stalled', publisher: source.identity })
    }
    if (source.state !== 'stalled') return false
    const silent = this.#silentMs(source, now)
    // What others of this process hear proves no path of ours, but that it lives.
    const lives =
      now - this.#output.heardAt(source.identity.incarnation) <= this.#limits.goneAfterMs
    if (silent <= this.#limits.goneAfterMs || lives) return false
    this.#endings.gone(source)
    return true
  }

  /** Time in which the connection that it comes over was broken on our side is no silence of its. */
  #silentMs({ heardAt, identity }: Source, now: number): number {
    const silent = now - heardAt
    if (silent <= this.#limits.goneAfterMs) return silent
    const isShared = this.#output.hops(identity.incarnation).some((hop) => hop.isShared)
    return isShared ? silent - this.#output.sharedHopBrokenMs(heardAt, now) : silent
  }
}
