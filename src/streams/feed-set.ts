import type { Clock, Timer } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { RefusedRequest } from './refused-request.ts'
import type { SharedEvents } from './shared-events.ts'
import type { StreamLimits } from './stream-limits.ts'
import type { ClosedReason } from './stream-reader.ts'

/** What all streams of the same request read. */
export interface SharedFeed {
  readonly events: SharedEvents
  /** Resolves when it has ended. */
  readonly closed: Promise<unknown>
  /** Its readers are told why. */
  close(reason: ClosedReason): Promise<void>
}

interface FeedSetOptions {
  readonly limits: StreamLimits
  readonly clock: Clock
}

const laterHeaders = { 'Retry-After': '1' }

/** All feeds of a door, by what is asked for. */
export class FeedSet<Feed extends SharedFeed> {
  readonly #options: FeedSetOptions
  readonly #feeds = new Map<string, Feed>()
  /** null: there is no feed. */
  #timer: Timer | null = null
  #isClosed = false

  constructor(options: FeedSetOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#feeds.size
  }

  get streams(): number {
    return this.#sum(({ readers }) => readers)
  }

  get keptBytes(): number {
    return this.#sum(({ kept }) => kept.bytes)
  }

  /**
   * The feed for a stream that is to begin: one that is there already, or what `open` gives, which calls `grown` when it keeps more.
   * @throws RefusedRequest 400, 503
   */
  feedFor(key: string, open: (grown: () => void) => Feed): Feed {
    const { limits } = this.#options
    if (this.#isClosed) throw new RefusedRequest(503, 'the streams end', {}, laterHeaders)
    if (this.streams >= limits.streams)
      throw new RefusedRequest(
        503,
        `there are ${limits.streams} streams (streams): try again later`,
        {},
        laterHeaders,
      )
    const known = this.#feeds.get(key)
    if (known) return known
    if (this.#feeds.size >= limits.feeds) this.#makeRoom()
    return this.#open(key, open)
  }

  /** Every stream is told that it ends. */
  async close(): Promise<void> {
    this.#isClosed = true
    const feeds = [...this.#feeds.values()]
    this.#feeds.clear()
    this.#restIfEmpty()
    await Promise.all(feeds.map((feed) => feed.close('ending')))
  }

  #open(key: string, open: (grown: () => void) => Feed): Feed {
    try {
      const feed = open(() => this.#trim())
      this.#feeds.set(key, feed)
      this.#timer ??= this.#nextTick()
      // Ended by something else than this door: who reads it comes again.
      feed.closed.then(
        () => this.#drop(key, feed),
        () => undefined,
      )
      return feed
    } catch (error) {
      throw RefusedRequest.of(TidingsError.from(error))
    }
  }

  #drop(key: string, feed: Feed): void {
    if (this.#feeds.get(key) === feed) this.#end(key, feed, 'failed')
  }

  #end(key: string, feed: Feed, reason: ClosedReason): void {
    this.#feeds.delete(key)
    this.#restIfEmpty()
    feed.close(reason).catch(() => undefined)
  }

  #makeRoom(): void {
    const [oldest] = [...this.#feeds]
      .filter(([, { events }]) => events.idleSince !== null)
      .toSorted(([, one], [, other]) => (one.events.idleSince ?? 0) - (other.events.idleSince ?? 0))
    if (!oldest)
      throw new RefusedRequest(
        503,
        `there are streams of ${this.#options.limits.feeds} different tables and filters (feeds): try again later`,
        {},
        laterHeaders,
      )
    this.#end(...oldest, 'ending')
  }

  /** The feed that keeps most gives way, so that a busy one costs the others nothing. */
  #trim(): void {
    let tooMany = this.keptBytes - this.#options.limits.keptBytes
    while (tooMany > 0) {
      let largest: SharedEvents | null = null
      for (const { events } of this.#feeds.values())
        if (largest === null || events.kept.bytes > largest.kept.bytes) largest = events
      if (largest === null) return
      const before = largest.kept.bytes
      largest.kept.dropOldest()
      tooMany -= before - largest.kept.bytes
    }
  }

  #nextTick(): Timer {
    const { clock, limits } = this.#options
    return clock.after(limits.aliveMs, () => {
      this.#timer = this.#nextTick()
      for (const [key, feed] of this.#feeds) {
        feed.events.tick()
        const { idleSince } = feed.events
        // Nobody reads it any more.
        if (idleSince !== null && clock.now() - idleSince > limits.feedIdleMs)
          this.#end(key, feed, 'ending')
      }
    })
  }

  /** Without feeds nothing holds the event loop. */
  #restIfEmpty(): void {
    if (this.#feeds.size > 0) return
    this.#timer?.cancel()
    this.#timer = null
  }

  #sum(of: (events: SharedEvents) => number): number {
    let sum = 0
    for (const { events } of this.#feeds.values()) sum += of(events)
    return sum
  }
}
