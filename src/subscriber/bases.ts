import type { StreamState, TableSequence, VectorMessage } from '../model/message.ts'
import type { ParcelDelivery } from './parcel-delivery.ts'
import type { Source } from './source.ts'
import type { SubscribedStream } from './subscribed-stream.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'
import type { WantedTables } from './wanted-tables.ts'

/** How a vector came. */
interface VectorAnswer {
  /** What came since our beginning is owed, not only what comes after the vector. */
  readonly isOwed: boolean
  /** It looked back to our beginning. */
  readonly sawAll: boolean
  /** When it was asked for: it was sent between then and now. */
  readonly askedAt: number
  readonly now: number
}

/**
 * What a subscription is owed of each stream, and what it knows to exist. A base is never inferred
 * from the first update seen: only a publisher's vector sets it, for all tables at one moment.
 */
export class Bases {
  readonly #wanted: WantedTables
  readonly #subscribedAt: number
  readonly #limits: SubscriberLimits
  readonly #delivery: ParcelDelivery
  readonly #output: SubscriptionOutput

  constructor(
    wanted: WantedTables,
    subscribedAt: number,
    limits: SubscriberLimits,
    delivery: ParcelDelivery,
    output: SubscriptionOutput,
  ) {
    this.#wanted = wanted
    this.#subscribedAt = subscribedAt
    this.#limits = limits
    this.#delivery = delivery
    this.#output = output
  }

  /** These sequences exist: what is not here of them is a gap. False: one of them cannot be believed. */
  noteKnown(source: Source, streams: readonly TableSequence[]): boolean {
    let areSane = true
    for (const { table, last } of streams) {
      if (!this.#wanted.has(table)) continue
      const stream = source.stream(table)
      if (this.isSane(stream, last)) source.reaches(stream, last)
      else areSane = false
    }
    return areSane
  }

  /** Its own word that it takes nothing more, with the last numbers of all its streams. */
  noteLast(source: Source, streams: readonly TableSequence[]): void {
    if (this.noteKnown(source, streams)) source.lastNumbersCame()
  }

  /** One damaged number must not silence a stream: what is too far ahead is quarantined. */
  isSane(stream: SubscribedStream, last: number): boolean {
    if (stream.base === null || last <= stream.known + this.#limits.maxAheadUpdates) return true
    this.#output.event({ type: 'refused', reason: 'sequence-too-far-ahead', count: 1 })
    return false
  }

  /**
   * The answer to one of our syncs. A later one never moves a base: it shows gaps and losses. False:
   * a stream still has no base, since the vector did not look back to our beginning.
   */
  takeVector(source: Source, vector: VectorMessage, answer: VectorAnswer): boolean {
    const { isOwed, sawAll, askedAt, now } = answer
    // While nothing of an older stream is owed, they must be young however long the vector was on its way. All of
    // them: a commit of a young and an older one must not be cut.
    const areYoung = vector.streams.every(
      (state) => !this.#wanted.has(state.table) || this.#isOwedWhole(state, askedAt),
    )
    const { named } = this.#wanted
    const isOfAll = named === null ? vector.all : vector.streams.length >= named.size
    let isComplete = true
    for (const state of vector.streams) {
      if (!this.#wanted.has(state.table)) continue
      // Never published: whenever it begins, all of it is owed. No stream is kept for that.
      if (isOfAll && state.last === 0 && !source.streams.has(state.table)) continue
      const stream = source.stream(state.table)
      source.reaches(stream, state.last)
      if (stream.base === null) {
        if (isOwed && !sawAll && !this.#isOwedWhole(state, now)) {
          isComplete = false
          continue
        }
        const isWhole = isOwed ? this.#isOwedWhole(state, now) : areYoung
        this.#setBase(source, stream, state, isOwed, isWhole)
      } else if (stream.openLossFrom !== undefined && stream.next > state.last)
        this.#delivery.report(source, stream, { from: stream.next, to: stream.next - 1 }, 'gone')
      stream.lose(stream.next, state.first - 1, 'evicted')
      source.settle(stream)
    }
    if (isOfAll) this.#endUnnamed(source, vector)
    if (!isComplete) return false
    if (!isOfAll || source.hasAnsweredForAll) return true
    source.answeredForAll()
    for (const stream of source.streams.values())
      if (stream.base === null) this.#delivery.setBase(source, stream, 0)
    return true
  }

  /** What a publisher does not name when it is asked for everything, it has not published. */
  #endUnnamed(source: Source, vector: VectorMessage): void {
    this.#delivery.endUnheard(source, 'gone')
    if (this.#wanted.named !== null) return
    const named = new Set(vector.streams.map(({ table }) => table))
    for (const stream of source.streams.values())
      if (stream.openLossFrom !== undefined && stream.known === 0 && !named.has(stream.table))
        this.#delivery.report(source, stream, { from: 1, to: 0 }, 'gone')
  }

  /** Not older than the subscription. */
  #isOwedWhole({ last, ageMs }: StreamState, now: number): boolean {
    return last === 0 || ageMs === null || now - ageMs >= this.#subscribedAt
  }

  /**
   * A young stream is owed whole: a script publishes as soon as it is open, and waits until its updates are
   * taken. Of an older one: before `ready` what comes from now on; afterwards, since nobody knew of it, what was
   * published since the subscription began. If some of that is no longer retained, it is not known how much: a
   * loss with unknown beginning.
   */
  #setBase(
    source: Source,
    stream: SubscribedStream,
    state: StreamState,
    isOwed: boolean,
    isWhole: boolean,
  ): void {
    const isMissed = isOwed && !isWhole && state.since < state.first
    const owedFrom = Math.max(state.first, state.since)
    const baseOfLate = isWhole ? 0 : owedFrom - 1
    const base = isOwed || isWhole ? baseOfLate : state.last
    if (isMissed || stream.openLossFrom === null) {
      const from = base === 0 ? 1 : null
      this.#delivery.report(source, stream, { from, to: base }, 'unknown-publisher')
    }
    this.#delivery.setBase(source, stream, base, isMissed)
  }
}
