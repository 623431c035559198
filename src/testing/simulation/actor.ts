import type { Random } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { allUpdatesTopic, updateTopic } from '../../model/topic.ts'
import type { Tables } from '../../model/request.ts'
import type { NewChange } from '../../model/reset.ts'
import type { Delivery } from '../../model/update.ts'
import type { ComposedQueue } from '../../queue/composed-queue.ts'
import type { DeliveryLimit } from '../../queue/delivery-queue.ts'
import type { ActorStage } from './actor-stage.ts'
import { keyField, noteFolded } from './folding.ts'
import {
  type PublishedUpdate,
  type PublisherJournal,
  type SubscriberJournal,
  subscriberJournal,
} from './journal.ts'
import { asChange, resetsOfCommit } from './simulated-resets.ts'
import { NeedlessLosses } from './needless-losses.ts'
import type { ConnectionPool } from './row-versions.ts'
import type { SimulatedProcess } from './simulated-process.ts'

export type AnyTables = Record<string, object>

/** How a subscription of the trial takes what it is given. */
export interface Taking {
  readonly tables: Tables
  /** Each delivery takes up to so long; 0: none. */
  readonly handlerMs: number
  readonly limit: Partial<DeliveryLimit>
  /** What waits is folded to the latest of each key. */
  readonly isFolded: boolean
}

export const tableNames = ['A', 'B', 'C', 'D']

/** Of so many commits the records of one have other fields. */
export const otherFieldsEvery = 5

/** Of so many commits the records of one have a getter that publishes. */
const fromInsideEvery = 7

/** A process of the trial with its queue and what its application wrote down. */
export class Actor {
  readonly process: SimulatedProcess
  readonly queue: ComposedQueue<AnyTables>
  readonly random: Random
  readonly published: PublisherJournal | null
  readonly received: SubscriberJournal[] = []
  isOpen = false
  isClosing = false
  /** What numbers the changes that it publishes; null: they have no version. */
  connections: ConnectionPool | null = null
  /** Some of its commits have resets. */
  resets = false
  readonly #needless: NeedlessLosses
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
    this.#needless = new NeedlessLosses(process, stage)
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
    if (random() < 0.1) this.#stage.follow(this.#flush())
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

  subscribe({ tables, handlerMs, limit, isFolded }: Taking): void {
    if (!this.process.isAlive) return
    const { incarnation, node } = this.process
    const journal = subscriberJournal(incarnation, node, tables, handlerMs > 0)
    this.received.push(journal)
    journal.subscribedAt = this.#now
    this.#needless.began(journal)
    const asked = this.#publishersKnown()
    const { ready } = this.queue.subscribe(tables, {
      limit,
      ...(isFolded && { whenSlow: 'conflate', key: keyField }),
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
    const note = (
      table: string,
      place: number,
      more: Pick<PublishedUpdate, 'version' | 'reset'>,
    ) => {
      let stream = journal.updates.get(table)
      if (!stream) journal.updates.set(table, (stream = []))
      const update = { table, sequence: stream.length + 1, commit, place, at: this.#now, ...more }
      stream.push(update)
      return update
    }
    const updates = tables.map((table, place) =>
      note(table, place, { version: this.connections?.take() }),
    )
    const resets = this.resets ? resetsOfCommit(commit, tables, tableNames) : []
    const noted = Array.from(resets, ([table, reset], nth) =>
      note(table, updates.length + nth, { reset }),
    )
    journal.commits.push([...updates, ...noted])
    // Other fields now and then: a parcel then has several batches of a table.
    const more = commit % otherFieldsEvery === 0 ? { note: 'other fields' } : {}
    const changes: NewChange<AnyTables>[] = updates.map(({ table, place, version }) => ({
      table,
      kind: 'insert',
      record:
        commit % fromInsideEvery === 0
          ? this.#publishing(journal, { commit, place, ...more })
          : { commit, place, ...more },
      version,
    }))
    // Wherever they stand in the call, they come behind its updates.
    changes.splice(commit % 2, 0, ...Array.from(resets, ([table, reset]) => asChange(table, reset)))
    this.queue.publish(changes)
  }

  /** The same record: whoever reads it runs code that publishes. */
  #publishing<Fields extends { readonly commit: number }>(
    journal: PublisherJournal,
    record: Fields,
  ): Fields {
    const { commit } = record
    const get = (): number => {
      journal.callsFromInside.push(this.#publishFromInside())
      return commit
    }
    return Object.defineProperty({ ...record }, 'commit', { enumerable: true, get })
  }

  /** What came of it: the code of the refusal. */
  #publishFromInside(): string {
    try {
      const { commit } = this.queue.publish({ table: 'A', kind: 'insert', record: { place: 0 } })
      return `taken as commit ${commit}`
    } catch (error) {
      return error instanceof TidingsError ? error.code : String(error)
    }
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
          falseBecause: this.#needless.whyNeedless(journal, loss),
        })
      return
    }
    if (delivery.type === 'conflated') {
      noteFolded(journal, delivery, this.#stage.publishers, this.#now)
      return
    }
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
}

const pickTable = (random: Random): string =>
  tableNames[Math.floor(random() * random() * tableNames.length)] ?? 'A'
