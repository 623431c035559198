import type { Random } from '../base/random.ts'
import type { MarkMessage } from '../model/message.ts'
import type { Tables } from '../model/request.ts'
import type { Beginning } from './beginning.ts'
import type { AnswerTime } from './round-trip.ts'
import { replyPath, type Source, type Unproven } from './source.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

/** Syncs whose answers are still believed; at the fastest retry this is hours. */
const maxNonces = 10_000

/** Publishers that one request names; the others are asked at the next tick. */
const maxPublishersAtOnce = 4_096

/** A sync that went out: when, how long this process had stood still by then, and how much longer ago than the beginning it asked for. */
interface AskedSync {
  readonly at: number
  readonly ownStallsMs: number
  readonly marginMs: number
}

/** Asks publishers for vectors and marks until they have come, later and later, with jitter. */
export class Syncs {
  readonly #subscriber: string
  readonly #tables: Tables
  readonly #limits: SubscriberLimits
  readonly #random: Random
  readonly #output: SubscriptionOutput
  readonly #beginning: Beginning
  /** Only an answer to one of these is believed. */
  readonly #asked = new Map<number, AskedSync>()
  /** How much longer ago than the beginning of the subscription is asked for. */
  #marginMs: number
  /** When an answer to a sync of ours came last. */
  #progressAt = -Infinity

  constructor(
    { subscriber, tables }: { readonly subscriber: string; readonly tables: Tables },
    limits: SubscriberLimits,
    random: Random,
    output: SubscriptionOutput,
    beginning: Beginning,
  ) {
    this.#subscriber = subscriber
    this.#tables = tables
    this.#limits = limits
    this.#random = random
    this.#output = output
    this.#beginning = beginning
    this.#marginMs = limits.announcedWithinMs
  }

  isOurs(nonce: number): boolean {
    return this.#asked.has(nonce)
  }

  /** The nonce of ours that this mark answers; undefined: it answers others. */
  answeredBy({ answers }: MarkMessage): number | undefined {
    return answers.find(
      ({ subscriber, nonce }) => subscriber === this.#subscriber && this.isOurs(nonce),
    )?.nonce
  }

  /** How long ago the sync of this nonce of ours went out, and how much of that this process itself may have stood still. */
  took(nonce: number, now: number): AnswerTime {
    const asked = this.#asked.get(nonce)
    if (!asked) return { tookMs: 0, ownStallMs: 0 }
    this.#progressAt = now
    return { tookMs: now - asked.at, ownStallMs: this.#output.ownStallsMs(now) - asked.ownStallsMs }
  }

  /**
   * Whether the answer to this nonce of ours, which comes now, looked back far enough: the publisher
   * counts from when it answers, and that was at most as long after the question as it is until now.
   * If not, the next question looks back further.
   */
  sawTheBeginning(nonce: number, now: number): boolean {
    const asked = this.#asked.get(nonce)
    if (!asked) return false
    const tookMs = now - asked.at
    if (tookMs <= asked.marginMs) return true
    this.#marginMs = Math.max(this.#marginMs, 2 * tookMs)
    return false
  }

  #sinceMs(now: number): number {
    return Math.ceil(this.#beginning.mostMsAgo(now) + this.#marginMs)
  }

  /** One request for all publishers whose answer is due. */
  send(sources: Iterable<Source>, now: number): void {
    const due: Source[] = []
    const firstTimes: number[] = []
    for (const source of sources) {
      if (source.unproven.size === 0 || !source.mayAnswer) continue
      const { count, nextAt } = source.syncs
      if (now < nextAt) {
        if (count === 0) firstTimes.push(nextAt)
        continue
      }
      if (this.#mayBeUnderWay(source, now)) continue
      due.push(source)
      if (due.length === maxPublishersAtOnce) break
    }
    this.#wakeFor(firstTimes, now)
    if (due.length === 0) return
    // One share for all of them, so that they stay together: everybody hears each request.
    const share = 0.8 + 0.4 * this.#random()
    for (const source of due) source.syncs.asked(now, due.length, share)
    const nonce = this.#output.nonce()
    this.#remember(nonce, now)
    this.#output.request({
      kind: 'sync',
      subscriber: this.#subscriber,
      nonce,
      sinceMs: this.#sinceMs(now),
      tables: this.#tables,
      marks: this.#marks(due),
      incarnations: due.map((source) => source.identity.incarnation),
    })
  }

  /** Many answer one behind the other, the slower the busier the machine is: to ask again would only make it busier. */
  #mayBeUnderWay({ syncs }: Source, now: number): boolean {
    const { syncProgressMs, syncPatienceMs } = this.#limits
    if (syncs.count === 0) return false
    return now - this.#progressAt < syncProgressMs && now - syncs.askedAt < syncPatienceMs
  }

  /** A tick that comes a little too early for the first syncs must not cost them a whole one. */
  #wakeFor(firstTimes: readonly number[], now: number): void {
    const { syncSpreadMs, tickMs } = this.#limits
    const together = Math.min(...firstTimes) + syncSpreadMs
    let at = -Infinity
    for (const time of firstTimes) if (time > at && time <= together) at = time
    if (at > now && at < now + tickMs) this.#output.wakeWithin(at - now)
  }

  #remember(nonce: number, now: number): void {
    const ownStallsMs = this.#output.ownStallsMs(now)
    this.#asked.set(nonce, { at: now, ownStallsMs, marginMs: this.#marginMs })
    if (this.#asked.size <= maxNonces) return
    const oldest = this.#asked.keys().next()
    if (oldest.done !== true) this.#asked.delete(oldest.value)
  }

  #marks(due: readonly Source[]): Tables {
    const unproven = new Set<Unproven>()
    const topics = this.#tables === '*' ? 2 : this.#tables.length + 1
    for (const source of due) {
      for (const topic of source.unproven) unproven.add(topic)
      if (unproven.size === topics) break
    }
    if (unproven.has(null)) return '*'
    return [...unproven].filter((topic) => topic !== replyPath && topic !== null)
  }
}
