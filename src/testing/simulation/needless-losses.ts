import type { Loss } from '../../model/loss.ts'
import type { ActorStage } from './actor-stage.ts'
import type { PublisherJournal, SubscriberJournal } from './journal.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** On a path free for so long a range that is retained must not be reported lost. */
const repairedWithinMs = 5000

/** On a path free for so long nobody must be taken for gone. */
const heardWithinMs = 4000

/** Whoever closes on a path free from so soon on until its end loses nothing. */
const freeSoonAfterCloseMs = 300

/** Whom its roster had not told of when it had left is only lost to on a path free for so long when it closed. */
const toldWithinMs = 1500

/** Nobody is gone who was heard within it by a subscriber that was awake. */
const notGoneWithinMs = 9000

/** What clocks that drift may tell apart wrongly. */
const clockGrainMs = 200

/** Judges what one process is told to be lost: what was recoverable within limits must not be. */
export class NeedlessLosses {
  readonly #process: SimulatedProcess
  readonly #stage: ActorStage
  /** What the wall clock was off by when a subscription began. */
  readonly #offsets = new Map<SubscriberJournal, number>()

  constructor(process: SimulatedProcess, stage: ActorStage) {
    this.#process = process
    this.#stage = stage
  }

  began(journal: SubscriberJournal): void {
    this.#offsets.set(journal, this.#process.wallClockOffset)
  }

  get #now(): number {
    return this.#stage.network.clock.now()
  }

  /** Null: nothing speaks against this loss. */
  whyNeedless(journal: SubscriberJournal, loss: Loss): string | null {
    const publisher = this.#stage.publishers.get(loss.publisher?.incarnation ?? '')
    // Those are judged by what was published.
    if (!publisher || journal.isSlow || loss.reason === 'reset') return null
    const { incarnation } = publisher
    const hasEnded = publisher.endedAt < Infinity
    const free = hasEnded
      ? 0
      : this.#now - this.#stage.reach.freeSince(journal.incarnation, incarnation)
    if (loss.to === null)
      return hasEnded
        ? this.#whyNotInTable(journal, publisher, loss.table)
        : this.#whyNotGone(journal, publisher, free)
    if (loss.table === null) return null
    const { watch } = this.#stage
    // A vector says how far it was published before the subscription, or what is retained no more.
    if (loss.reason === 'unknown-publisher' && !loss.ends)
      return watch.isRetained(incarnation, loss.table, loss.to)
        ? 'its last update is retained'
        : null
    if (loss.reason === 'ended' && !loss.ends && this.#hadEnded(journal, incarnation))
      return 'it had ended before the subscription began'
    if (loss.from === null || loss.to < loss.from) return null
    if (loss.reason === 'evicted' && !watch.wasRefused(incarnation, loss.table, loss.to))
      return 'its owner has not refused it'
    if (!watch.isRetained(incarnation, loss.table, loss.to)) return null
    if (free > repairedWithinMs) return `it is retained, on a path free for ${free.toFixed(0)} ms`
    return this.#wasFreeUntilItLeft(journal, publisher) ? 'it left on a free path' : null
  }

  /** By the word of its node, and nothing of it was heard since. */
  #hadEnded(journal: SubscriberJournal, publisher: string): boolean {
    const { incarnation: subscriber, subscribedAt } = journal
    const { network, watch } = this.#stage
    // A wall clock set ahead makes a subscription older than it is.
    if (this.#process.wallClockOffset !== this.#offsets.get(journal)) return false
    const endedAt = network.endsSaid.get(publisher) ?? Infinity
    const isBefore = endedAt < subscribedAt - clockGrainMs
    return isBefore && watch.heardAt(subscriber, publisher) === -Infinity
  }

  /**
   * Whom its node takes for dead can have published no other tables than those that its node knew, unless it is heard
   * behind that or was gone before: then it was, or will be, its silence that decides.
   */
  #whyNotInTable(
    { incarnation: subscriber, losses }: SubscriberJournal,
    { incarnation, declared, updates }: PublisherJournal,
    table: string | null,
  ): string | null {
    if (table !== null && (declared.includes(table) || updates.has(table))) return null
    const word = this.#process.endsTold.get(incarnation)
    const known = this.#process.tablesOfEnded.get(incarnation) ?? []
    if (word?.to !== Infinity || known.length === 0) return null
    if (this.#stage.watch.heardAt(subscriber, incarnation) >= word.from) return null
    const wasGone = losses.some(
      ({ publisher, to, at }) =>
        publisher?.incarnation === incarnation && to === null && at < this.#now,
    )
    return wasGone ? null : `its node knew that it published ${known.join(', ')} alone`
  }

  #whyNotGone(journal: SubscriberJournal, publisher: PublisherJournal, free: number) {
    if (free > heardWithinMs) return `it lives, on a path free for ${free.toFixed(0)} ms`
    const { reach, watch } = this.#stage
    const heardAt = watch.heardAt(journal.incarnation, publisher.incarnation)
    // Whom its node takes for dead is gone at once, however short its silence, unless it is heard behind that.
    const word = this.#process.endsTold.get(publisher.incarnation)
    if (word?.to === Infinity && word.from >= heardAt) return null
    // Time in which the subscriber stood still is no silence of the publisher.
    const silent = reach
      .awake(journal.incarnation)
      .map(({ from, to }) => Math.min(to, this.#now) - Math.max(from, heardAt))
      .reduce((sum, ms) => sum + Math.max(0, ms), 0)
    return silent < notGoneWithinMs ? `it lives and was silent for ${silent.toFixed(0)} ms` : null
  }

  #wasFreeUntilItLeft(journal: SubscriberJournal, publisher: PublisherJournal): boolean {
    const { closingAt, endedAt, leftAt, incarnation } = publisher
    if (leftAt === Infinity) return false
    // It waits for the subscribers of the roster: not for who has ended by the word of its node, and comes back too late.
    const owner = this.#stage.network.processes.get(incarnation)
    const word = owner?.endsTold.get(journal.incarnation)
    const isAwaitedBy = Math.min(leftAt, closingAt + freeSoonAfterCloseMs)
    if (word && word.from < leftAt && word.to >= isAwaitedBy) return false
    const toldOfAt = owner?.toldOfAt.get(journal.incarnation) ?? Infinity
    const wasKnown = owner === undefined || toldOfAt < owner.saidEndedAt
    const freeBy = closingAt + (wasKnown ? freeSoonAfterCloseMs : -toldWithinMs)
    return this.#stage.reach
      .stretches(journal.incarnation, incarnation)
      .some(({ from, to }) => from < freeBy && to >= endedAt)
  }
}
