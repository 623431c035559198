import { TidingsError } from '../base/tidings-error.ts'
import type { CommitPosition } from '../model/commit-position.ts'
import type { TableSequence } from '../model/message.ts'
import type { Source } from './source.ts'
import type { SubscribedTables } from './subscribed-tables.ts'
import type { Consumable } from './subscription-output.ts'

/** A commit that somebody waits for: until all of it in the tables of a subscription was handed over or told lost. */
export class AwaitedCommit implements Consumable {
  readonly position: CommitPosition
  readonly #seen: () => void
  readonly #refused: (error: TidingsError) => void
  #isOver = false

  constructor(position: CommitPosition, seen: () => void, refused: (error: TidingsError) => void) {
    this.position = position
    this.#seen = seen
    this.#refused = refused
  }

  /** Nobody waits for it any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The application has taken what stood before this in its queue. */
  consume(): void {
    this.#isOver = true
    this.#seen()
  }

  refuse(error: TidingsError): void {
    this.#isOver = true
    this.#refused(error)
  }

  giveUp(): void {
    this.#isOver = true
  }
}

/** What it asks of its surroundings. */
interface AwaitedCommitsOutput {
  /** By the roster this publisher has ended. */
  hasEnded(incarnation: string): boolean
  /** Behind all that was delivered so far, the application has taken it. */
  behindDelivered(commit: AwaitedCommit): void
}

type Subscription = Pick<SubscribedTables, 'isReady' | 'sources' | 'wants'>

/** The commits for which somebody waits in one subscription. */
export class AwaitedCommits {
  readonly #subscription: Subscription
  readonly #patienceMs: number
  readonly #output: AwaitedCommitsOutput
  /** Each with the time since when it could have come; Infinity: the subscription was not ready. */
  readonly #waiting = new Map<AwaitedCommit, number>()

  /** `patienceMs`: nothing is under way for longer from a publisher that is heard. */
  constructor(subscription: Subscription, patienceMs: number, output: AwaitedCommitsOutput) {
    this.#subscription = subscription
    this.#patienceMs = patienceMs
    this.#output = output
  }

  add(commit: AwaitedCommit, now: number): void {
    const { streams, hasMore } = commit.position
    if (hasMore && !streams.some(({ table }) => this.#subscription.wants(table))) {
      commit.refuse(
        new TidingsError(
          'USAGE',
          'the commit has more tables than its token can name, and none of those that it names is of this subscription',
        ),
      )
      return
    }
    this.#waiting.set(commit, Infinity)
    this.check(now)
  }

  /** Behind each call that may have delivered or told something. */
  check(now: number): void {
    if (this.#waiting.size === 0 || !this.#subscription.isReady) return
    for (const [commit, since] of this.#waiting) {
      if (commit.isOver) this.#waiting.delete(commit)
      else if (this.#isDelivered(commit.position)) {
        this.#waiting.delete(commit)
        this.#output.behindDelivered(commit)
      } else if (since === Infinity) this.#waiting.set(commit, now)
      else if (now - since > this.#patienceMs && this.#isUnheard(commit.position)) {
        this.#waiting.delete(commit)
        commit.refuse(new TidingsError('USAGE', unheard))
      }
    }
  }

  #isDelivered({ incarnation, streams }: CommitPosition): boolean {
    const wanted = streams.filter(({ table }) => this.#subscription.wants(table))
    if (wanted.length === 0) return true
    const source = this.#subscription.sources.get(incarnation)
    // Whoever had ended before the subscription began owes it nothing; nothing waits of who is forgotten.
    if (!source) return this.#output.hasEnded(incarnation)
    return wanted.every((stream) => isDeliveredOf(source, stream))
  }

  /** Its publisher is unknown; or it is heard, and has never said that it has published so much. */
  #isUnheard({ incarnation, streams }: CommitPosition): boolean {
    const source = this.#subscription.sources.get(incarnation)
    if (!source) return true
    if (source.state !== 'live') return false
    return streams.some(
      ({ table, last }) =>
        this.#subscription.wants(table) && (source.streams.get(table)?.known ?? 0) < last,
    )
  }
}

const unheard =
  'no publisher of this cluster has published what this token names, or it has ended long ago'

/** It was delivered or told lost, it is before the base, or an open loss stands for it: all that is told already. */
function isDeliveredOf(source: Source, { table, last }: TableSequence): boolean {
  const stream = source.streams.get(table)
  if (stream)
    return stream.openLossFrom !== undefined || (stream.base !== null && stream.next > last)
  return source.isOver && !source.openLosses.areOwed
}
