import type { Clock } from '../base/clock.ts'
import { maxWaitingFor, type ProcessHealth, type ToldLoss } from '../model/process-health.ts'
import { processOnNode } from '../model/publisher-identity.ts'
import type { Publisher } from '../publisher/publisher.ts'
import { oldestHeldAt } from '../subscriber/oldest-held.ts'
import type { Subscriber } from '../subscriber/subscriber.ts'
import type { Counters } from './counters.ts'
import type { QueueHealth, QueueStats } from './queue-event.ts'
import type { QueueFeed } from './queue-feed.ts'
import type { Subscriptions } from './subscriptions.ts'

interface ReportParts {
  readonly clock: Clock
  readonly publisher: Publisher
  readonly subscriber: Subscriber
  readonly subscriptions: Subscriptions
  readonly counters: Counters
  readonly feed: QueueFeed
}

function toldLoss({ at, loss }: NonNullable<QueueHealth['lastLoss']>): ToldLoss {
  const { table, publisher, from, to, reason } = loss
  return { at, table, publisher: publisher && processOnNode(publisher), from, to, reason }
}

/** What a queue says of itself when it is asked. */
export class QueueReport {
  readonly #parts: ReportParts

  constructor(parts: ReportParts) {
    this.#parts = parts
  }

  stats(): QueueStats {
    const { clock, publisher, subscriber, subscriptions, counters } = this.#parts
    const waiting = [...subscriptions.all.keys()].map((handle) => handle.waiting)
    const { retainedBytes, retainedSince } = publisher.retained
    return {
      published: publisher.published,
      ...counters.snapshot,
      tables: this.#tables(),
      retainedBytes,
      retainedMs: retainedSince === null ? 0 : Math.round(clock.now() - retainedSince),
      heldBytes: subscriber.heldBytes,
      waitingUpdates: waiting.reduce((sum, { waitingUpdates }) => sum + waitingUpdates, 0),
      waitingBytes: waiting.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0),
      subscriptions: subscriptions.all.size,
      publishers: this.#publishers(),
    }
  }

  health(): QueueHealth {
    const { subscriptions, counters, feed } = this.#parts
    const waitingFor = [...subscriptions.all.values()].flatMap((core) => core.waitingFor())
    const isReady = [...subscriptions.all.keys()].every((handle) => handle.isReady)
    const { lost } = counters.snapshot
    return {
      ready: isReady && feed.cluster !== 'closed',
      waitingFor: [...new Set(waitingFor)],
      lagSeconds: this.#lagSeconds(),
      losses: lost.reduce((sum, { reason, losses }) => sum + (reason === 'reset' ? 0 : losses), 0),
      lastLoss: feed.lastLoss,
      cluster: feed.cluster,
    }
  }

  /** What GENESIS_CLUSTER is told, for `mon`: coarse, so that it is told anew when somebody would read it differently. */
  told(): ProcessHealth {
    const { ready, waitingFor, lagSeconds, losses, lastLoss } = this.health()
    return {
      ready,
      waitingFor: waitingFor.slice(0, maxWaitingFor),
      lagSeconds: Math.floor(lagSeconds),
      losses,
      lastLoss: lastLoss && toldLoss(lastLoss),
    }
  }

  /** What waits for the application, or for something before it that is missing. */
  #lagSeconds(): number {
    const { clock, subscriptions } = this.#parts
    let oldest = Infinity
    for (const [handle, core] of subscriptions.all)
      oldest = Math.min(
        oldest,
        handle.waiting.oldestAt ?? Infinity,
        oldestHeldAt(core.sources.values()),
      )
    return oldest === Infinity ? 0 : Math.max(0, clock.wallClock() - oldest) / 1000
  }

  #tables(): QueueStats['tables'] {
    const { publisher, counters } = this.#parts
    const tables = new Map<string, { published: number; delivered: number }>()
    for (const { table, last } of publisher.lastNumbered)
      tables.set(table, { published: last, delivered: 0 })
    for (const { table, updates } of counters.byTable)
      tables.set(table, { published: tables.get(table)?.published ?? 0, delivered: updates })
    return Object.fromEntries(tables)
  }

  /** Each once, whatever subscriptions know it: in one it may be gone that another has heard again. */
  #publishers(): QueueStats['publishers'] {
    const states = ['live', 'stalled', 'gone'] as const
    const known = new Map<string, number>()
    for (const core of this.#parts.subscriptions.all.values())
      for (const [incarnation, { state, isOverForGood }] of core.sources)
        if (!isOverForGood && state !== 'finished')
          known.set(incarnation, Math.max(known.get(incarnation) ?? 0, states.indexOf(state)))
    const count = { live: 0, stalled: 0, gone: 0 }
    for (const rank of known.values()) count[states[rank] ?? 'live']++
    return count
  }
}
