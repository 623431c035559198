import { nextCommonTime } from '../base/common-time.ts'
import type { PublisherLimits } from './publisher-limits.ts'
import type { PublishedStream } from './published-stream.ts'

type HeartbeatLimits = Pick<
  PublisherLimits,
  'heartbeatMs' | 'quietHeartbeatMs' | 'earlyHeartbeatMs' | 'heartbeatRecentMs'
>

/** When a publisher says its next heartbeat, and which streams that names. */
export class Heartbeats {
  readonly #limits: HeartbeatLimits
  #regularAt: number
  #earlyAt = Infinity

  constructor(limits: HeartbeatLimits, now: number) {
    this.#limits = limits
    this.#regularAt = nextCommonTime(now, limits.heartbeatMs)
  }

  get deadline(): number {
    return Math.min(this.#regularAt, this.#earlyAt)
  }

  /** A regular one is due. The next is that of a quiet publisher, unless `say()` names streams. */
  takeRegular(now: number): boolean {
    if (now < this.#regularAt) return false
    this.#regularAt = nextCommonTime(now, this.#limits.quietHeartbeatMs)
    return true
  }

  isEarlyDue(now: number): boolean {
    return now >= this.#earlyAt
  }

  /** Something was sent: one comes early, when nothing more has been sent for a moment. */
  afterBurst(now: number): void {
    const { earlyHeartbeatMs, heartbeatMs } = this.#limits
    this.#earlyAt = now + earlyHeartbeatMs
    if (this.#regularAt > now + heartbeatMs) this.#regularAt = nextCommonTime(now, heartbeatMs)
  }

  /** One is said now. Returns the streams that it names: `all` of them, or those that have changed lately. */
  say(streams: Iterable<PublishedStream>, all: boolean, now: number): PublishedStream[] {
    const { heartbeatMs, heartbeatRecentMs } = this.#limits
    this.#earlyAt = Infinity
    const named = [...streams].filter(
      ({ changedAt }) => all || now - changedAt <= heartbeatRecentMs,
    )
    // Whoever hears of a stream that has changed expects the next one soon.
    if (named.length > 0)
      this.#regularAt = Math.min(this.#regularAt, nextCommonTime(now, heartbeatMs))
    return named
  }
}
