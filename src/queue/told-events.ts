import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Counters } from './counters.ts'
import type { EventFeed } from './event-feed.ts'
import type { QueueEvent } from './queue-event.ts'
import type { RosterNews } from './roster-news.ts'
import type { HandleEvents } from './subscription-handle.ts'

/** Where a queue tells what happens. */
export interface Told {
  readonly queue: PublisherIdentity
  readonly feed: EventFeed<QueueEvent>
  readonly counters: Counters
  readonly news: RosterNews
}

/** What a subscription to these tables tells people and counters of itself. */
export function toldEvents(
  tables: readonly string[] | '*',
  { queue, feed, counters, news }: Told,
): Omit<HandleEvents, 'event' | 'endOfTurn' | 'consumed' | 'await' | 'stopped'> {
  return {
    queue,
    handlerFailed: (error) => feed.emit({ type: 'handler-failed', error }),
    ready: () => feed.emit({ type: 'ready', tables, unreachable: news.unreachable }),
    delivered: (updates) => counters.delivered(updates),
    filtered: (updates) => counters.filtered(updates),
    folded: (updates) => counters.folded(updates),
    keyMissing: (table, field) => feed.emit({ type: 'key-missing', table, field }),
    tooSlow: (error) => feed.emit({ type: 'too-slow', tables, error }),
    unreachable: () => news.unreachable,
  }
}
