import type { Random } from '../base/random.ts'
import type { Tables } from '../model/request.ts'
import { replyPath, type Source, type Unproven } from './source.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'
import type { SubscriptionOutput } from './subscription-output.ts'

/** Syncs whose answers are still believed; at the fastest retry this is hours. */
const maxNonces = 10_000

/** Publishers that one request names; the others are asked at the next tick. */
const maxPublishersAtOnce = 4_096

/** Asks publishers for vectors and marks until they have come, later and later, with jitter. */
export class Syncs {
  readonly #subscriber: string
  readonly #tables: Tables
  readonly #limits: SubscriberLimits
  readonly #random: Random
  readonly #output: SubscriptionOutput
  /** Only an answer to one of these is believed. */
  readonly #nonces = new Set<number>()

  constructor(
    subscriber: string,
    tables: Tables,
    limits: SubscriberLimits,
    random: Random,
    output: SubscriptionOutput,
  ) {
    this.#subscriber = subscriber
    this.#tables = tables
    this.#limits = limits
    this.#random = random
    this.#output = output
  }

  isOurs(nonce: number): boolean {
    return this.#nonces.has(nonce)
  }

  /** One request for all publishers whose answer is due. */
  send(sources: Iterable<Source>, now: number): void {
    const due: Source[] = []
    for (const source of sources) {
      if (source.unproven.size === 0 || now < source.nextSyncAt || !source.mayAnswer) continue
      due.push(source)
      source.synced(now, this.#random, this.#limits)
      if (due.length === maxPublishersAtOnce) break
    }
    if (due.length === 0) return
    const nonce = this.#output.nonce()
    this.#remember(nonce)
    this.#output.request({
      kind: 'sync',
      subscriber: this.#subscriber,
      nonce,
      tables: this.#tables,
      marks: this.#marks(due),
      incarnations: due.map((source) => source.identity.incarnation),
    })
  }

  #remember(nonce: number): void {
    this.#nonces.add(nonce)
    if (this.#nonces.size <= maxNonces) return
    const [oldest] = this.#nonces
    if (oldest !== undefined) this.#nonces.delete(oldest)
  }

  #marks(due: readonly Source[]): Tables {
    const unproven = new Set<Unproven>(due.flatMap((source) => [...source.unproven]))
    if (unproven.has(null)) return '*'
    return [...unproven].filter((topic) => topic !== replyPath && topic !== null)
  }
}
