import type { Clock, Timer } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { Feed } from './feed.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import { RefusedRequest } from './refused-request.ts'
import type { StreamRequest } from './stream-request.ts'

interface FeedsOptions {
  readonly queue: UpdateQueue
  readonly limits: GatewayLimits
  readonly clock: Clock
}

const laterHeaders = { 'Retry-After': '1' }

/** All feeds of a gateway, by what is asked for. */
export class Feeds {
  readonly #options: FeedsOptions
  readonly #feeds = new Map<string, Feed>()
  #timer: Timer
  #isClosed = false

  constructor(options: FeedsOptions) {
    this.#options = options
    this.#timer = this.#nextTick()
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
   * The feed for a stream that is to begin: one that is there already, or a new one.
   * @throws RefusedRequest 400, 503
   */
  feedFor(request: StreamRequest): Feed {
    const { limits } = this.#options
    if (this.#isClosed) throw new RefusedRequest(503, 'the gateway ends', {}, laterHeaders)
    if (this.streams >= limits.streams)
      throw new RefusedRequest(
        503,
        `there are ${limits.streams} streams (streams): try again later`,
        {},
        laterHeaders,
      )
    const known = this.#feeds.get(request.key)
    if (known) return known
    if (this.#feeds.size >= limits.feeds) this.#makeRoom()
    return this.#open(request)
  }

  /** Every stream is told that the gateway ends. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer.cancel()
    const feeds = [...this.#feeds.values()]
    this.#feeds.clear()
    await Promise.all(feeds.map((feed) => feed.close('ending')))
  }

  #open(request: StreamRequest): Feed {
    const { queue, limits, clock } = this.#options
    try {
      const feed = new Feed({ queue, request, limits, clock, grown: () => this.#trim() })
      this.#feeds.set(request.key, feed)
      // Ended by something else than this gateway: who reads it comes again.
      feed.closed.then(
        () => this.#drop(request.key, feed),
        () => undefined,
      )
      return feed
    } catch (error) {
      throw RefusedRequest.of(TidingsError.from(error))
    }
  }

  #drop(key: string, feed: Feed): void {
    if (this.#feeds.get(key) !== feed) return
    this.#feeds.delete(key)
    feed.close('failed').catch(() => undefined)
  }

  #makeRoom(): void {
    const [oldest] = [...this.#feeds]
      .filter(([, { idleSince }]) => idleSince !== null)
      .toSorted(([, one], [, other]) => (one.idleSince ?? 0) - (other.idleSince ?? 0))
    if (!oldest)
      throw new RefusedRequest(
        503,
        `there are streams of ${this.#options.limits.feeds} different tables and filters (feeds): try again later`,
        {},
        laterHeaders,
      )
    this.#end(...oldest)
  }

  /** One that nobody reads any more. */
  #end(key: string, feed: Feed): void {
    this.#feeds.delete(key)
    feed.close('ending').catch(() => undefined)
  }

  /** The feed that keeps most gives way, so that a busy one costs the others nothing. */
  #trim(): void {
    let tooMany = this.keptBytes - this.#options.limits.keptBytes
    while (tooMany > 0) {
      let largest: Feed | null = null
      for (const feed of this.#feeds.values())
        if (largest === null || feed.kept.bytes > largest.kept.bytes) largest = feed
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
        feed.tick()
        const { idleSince } = feed
        if (idleSince !== null && clock.now() - idleSince > limits.feedIdleMs) this.#end(key, feed)
      }
    })
  }

  #sum(of: (feed: Feed) => number): number {
    let sum = 0
    for (const feed of this.#feeds.values()) sum += of(feed)
    return sum
  }
}
