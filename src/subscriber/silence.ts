import type { SubscriberLimits } from './subscriber-limits.ts'

type SilenceLimits = Pick<SubscriberLimits, 'heartbeatMs' | 'quietHeartbeatMs' | 'heartbeatsMissed'>

/** Since when a publisher is silent, and until when that means nothing. */
export class Silence {
  readonly #limits: SilenceLimits
  #heardAt: number
  #isHeard = false
  /** It publishes: its heartbeats come often. By its last batch or heartbeat. */
  #isActive = false
  /** Its latest silence of more than a heartbeat: since when it was overdue, and when it was heard again. */
  #overdueFrom = 0
  #overdueTo = 0

  constructor(limits: SilenceLimits, now: number) {
    this.#limits = limits
    this.#heardAt = now
  }

  /** When any frame of it was last heard; at first, when it became known. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** A frame of it has come. */
  get isHeard(): boolean {
    return this.#isHeard
  }

  /** A frame of it has come now. True: it is the first. */
  heard(now: number): boolean {
    const dueAt = this.#heardAt + this.#heartbeatMs
    this.#heardAt = now
    if (!this.#isHeard) {
      this.#isHeard = true
      return true
    }
    if (now > dueAt) {
      this.#overdueFrom = dueAt
      this.#overdueTo = now
    }
    return false
  }

  /** By what it sends: its next heartbeat comes soon, or as of one that does not publish. */
  isActiveNow(isActive: boolean): void {
    this.#isActive = isActive
  }

  /** This process stood still for so long, which is no silence. Whoever was heard since is not taken for heard in the future. */
  stoodStill(ms: number, now: number): void {
    this.#heardAt = Math.min(now, this.#heardAt + ms)
  }

  /** For how much of the last `ms` milliseconds it was overdue, by its latest silence. */
  overdueMs(ms: number, now: number): number {
    return Math.max(0, this.#overdueTo - Math.max(this.#overdueFrom, now - ms))
  }

  /** Until then it means nothing: the next heartbeat is not due, or may have been lost as others before. */
  get mayLastUntil(): number {
    const { heartbeatMs, heartbeatsMissed } = this.#limits
    return this.#heardAt + this.#heartbeatMs + (heartbeatsMissed - 1) * heartbeatMs
  }

  get #heartbeatMs(): number {
    return this.#isActive ? this.#limits.heartbeatMs : this.#limits.quietHeartbeatMs
  }
}
