import type { Random } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { allUpdatesTopic, updateTopic } from '../../model/topic.ts'
import type { Tables } from '../../model/request.ts'
import type { Delivery } from '../../model/update.ts'
import type { ComposedQueue } from '../../queue/composed-queue.ts'
import type { DeliveryLimit } from '../../queue/delivery-queue.ts'
import type { Loss } from '../../model/loss.ts'
import { type PublisherJournal, type SubscriberJournal, subscriberJournal } from './journal.ts'
import type { Reach } from './reach.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { WireWatch } from './wire-watch.ts'

export type AnyTables = Record<string, object>

/** What an actor needs of the trial that it plays in. */
export interface ActorStage {
  readonly network: SimulatedNetwork
  readonly reach: Reach
  readonly watch: WireWatch
  readonly publishers: ReadonlyMap<string, PublisherJournal>
}

/** How a subscription of the trial takes what it is given. */
export interface Taking {
  readonly tables: Tables
  /** Each delivery takes up to so long; 0: none. */
  readonly handlerMs: number
  readonly limit: Partial<DeliveryLimit>
}

export const tableNames = ['A', 'B', 'C', 'D']

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

/** Of so many commits the records of one have other fields. */
const otherFieldsEvery = 5

/** A process of the trial with its queue and what its application wrote down. */
export class Actor {
  readonly process: SimulatedProcess
  readonly queue: ComposedQueue<AnyTables>
  readonly random: Random
  readonly published: PublisherJournal | null
  readonly received: SubscriberJournal[] = []
  isOpen = false
  isClosing = false
  /** What the wall clock was off by when a subscription began. */
  readonly #offsets = new Map<SubscriberJournal, number>()
  readonly #stage: ActorStage

  constructor(
    process: SimulatedProcess,
    queue: ComposedQueue<AnyTables>,
    random: Random,
    published: PublisherJournal | null,
    stage: ActorStage,
  ) {
    this.process = process
    this.queue = queue
    this.random = random
    this.published = published
    this.#stage = stage
  }

  ended(at: number): void {
    if (this.published) this.published.endedAt = at
    for (const journal of this.received) journal.endedAt = at
  }

  publishBurst(): void {
    const { random } = this
    const commits = 1 + Math.floor(random() * 4)
    for (let index = 0; index < commits; index++) {
      const size = 1 + Math.floor(random() * 3)
      this.#publish(Array.from({ length: size }, () => pickTable(random)))
    }
    if (random() < 0.1) void this.#flush()
  }

  /** As a busy process does: something in each of so many turns of its event loop. */
  publishInTurns(turns: number): void {
    if (turns === 0) return
    this.process.endOfTurn(() => {
      if (this.isClosing || !this.isOpen) return
      this.#publish([pickTable(this.random)])
      this.publishInTurns(turns - 1)
    })
  }

  subscribe({ tables, handlerMs, limit }: Taking): void {
    if (!this.process.isAlive) return
    const { incarnation, node } = this.process
    const journal = subscriberJournal(incarnation, node, tables, handlerMs > 0)
    this.received.push(journal)
    journal.subscribedAt = this.#now
    this.#offsets.set(journal, this.process.wallClockOffset)
    const asked = this.#publishersKnown()
    const { ready } = this.queue.subscribe(tables, {
      limit,
      onDelivery: (delivery) => {
        this.#record(journal, delivery)
        return handlerMs === 0 ? undefined : this.#pause(this.random() * handlerMs)
      },
    })
    ready.then(
      () => this.#noteReady(journal, asked),
      () => undefined,
    )
  }

  get #now(): number {
    return this.#stage.network.clock.now()
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.process.after(ms, resolve))
  }

  #publish(tables: readonly string[]): void {
    const journal = this.published
    if (!journal) return
    const commit = journal.commits.length + 1
    const updates = tables.map((table, place) => {
      let stream = journal.updates.get(table)
      if (!stream) journal.updates.set(table, (stream = []))
      const update = { table, sequence: stream.length + 1, commit, place, at: this.#now }
      stream.push(update)
      return update
    })
    journal.commits.push(updates)
    // Other fields now and then: a parcel then has several batches of a table.
    const more = commit % otherFieldsEvery === 0 ? { note: 'other fields' } : {}
    this.queue.publish(
      updates.map(({ table, place }) => ({
        table,
        kind: 'insert',
        record: { commit, place, ...more },
      })),
    )
  }

  async #flush(): Promise<void> {
    const journal = this.published
    if (!journal) return
    const target = new Map([...journal.updates].map(([table, { length }]) => [table, length]))
    const outcome = await this.queue.flush().catch((error: unknown) => {
      // The queue has lost its name meanwhile: nothing is confirmed.
      if (error instanceof TidingsError && error.code === 'CLOSED') return null
      throw error
    })
    if (!outcome) return
    journal.flushes.push({
      endedAt: this.#now,
      confirmed: outcome.confirmed.map(({ incarnation }) => incarnation),
      target,
    })
  }

  /** The publishers that this process has on its roster: `ready` waits for them. */
  #publishersKnown(): string[] {
    const { process } = this
    const cluster = this.#stage.network.clusters[process.node]
    if (!cluster?.isUp || !cluster.isSettled || process.seen.life !== cluster.lives) return []
    return cluster.publishersAt(process.seen.version)
  }

  #noteReady(journal: SubscriberJournal, asked: readonly string[]): void {
    journal.readyAt = this.#now
    // A loss that lets somebody off may still wait for a slow application.
    if (journal.isSlow) return
    const { watch } = this.#stage
    const topics = journal.tables === '*' ? [allUpdatesTopic] : journal.tables.map(updateTopic)
    for (const publisher of asked) {
      if (publisher === journal.incarnation || this.#isOver(publisher, journal)) continue
      for (const topic of topics)
        if (!watch.hasMark(journal.incarnation, publisher, topic))
          journal.unproven.push(`${publisher.slice(0, 6)} on ${topic} at ${this.#now.toFixed(0)}`)
    }
  }

  /** It has ended, or this subscription was told that it was lost sight of. */
  #isOver(publisher: string, { losses }: SubscriberJournal): boolean {
    const journal = this.#stage.publishers.get(publisher)
    if (!journal || journal.closingAt < Infinity || journal.endedAt < Infinity) return true
    return losses.some((loss) => loss.publisher?.incarnation === publisher && loss.to === null)
  }

  #record(journal: SubscriberJournal, delivery: Delivery<AnyTables>): void {
    if (delivery.type === 'loss') {
      for (const loss of delivery.losses)
        journal.losses.push({
          ...loss,
          at: this.#now,
          afterDelivery: journal.deliveries,
          falseBecause: this.#falseBecause(journal, loss),
        })
      return
    }
    if (delivery.type !== 'updates') return
    const number = ++journal.deliveries
    for (const { table, sequence, commit, publisher, record } of delivery.updates)
      journal.delivered.push({
        incarnation: publisher?.incarnation ?? '',
        table,
        sequence: sequence ?? 0,
        commit: commit ?? 0,
        place: (record as { place: number }).place,
        delivery: number,
        isIncomplete: delivery.incomplete === true,
        at: this.#now,
      })
  }

  /** What was recoverable within limits must not be lost. */
  #falseBecause(journal: SubscriberJournal, loss: Loss): string | null {
    const publisher = this.#stage.publishers.get(loss.publisher?.incarnation ?? '')
    if (!publisher || loss.table === null || journal.isSlow) return null
    const { incarnation } = publisher
    const free =
      publisher.endedAt < Infinity
        ? 0
        : this.#now - this.#stage.reach.freeSince(journal.incarnation, incarnation)
    if (loss.to === null) return this.#whyNotGone(journal, publisher, free)
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
    if (this.process.wallClockOffset !== this.#offsets.get(journal)) return false
    const endedAt = network.endsSaid.get(publisher) ?? Infinity
    const isBefore = endedAt < subscribedAt - clockGrainMs
    return isBefore && watch.heardAt(subscriber, publisher) === -Infinity
  }

  #whyNotGone(journal: SubscriberJournal, publisher: PublisherJournal, free: number) {
    if (publisher.endedAt < Infinity) return null
    if (free > heardWithinMs) return `it lives, on a path free for ${free.toFixed(0)} ms`
    const { reach, watch } = this.#stage
    const heardAt = watch.heardAt(journal.incarnation, publisher.incarnation)
    // Whom its node takes for dead is gone at once, however short its silence, unless it is heard behind that.
    const word = this.process.endsTold.get(publisher.incarnation)
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

const pickTable = (random: Random): string =>
  tableNames[Math.floor(random() * random() * tableNames.length)] ?? 'A'
