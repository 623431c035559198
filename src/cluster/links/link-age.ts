import type { LinkSnapshot } from '../../model/link-snapshot.ts'

/** Longest time that a link has for its connection before a process may ask for another one, milliseconds. */
const patienceMs = 10_000

/** Since when a link is being made, and stands. Time is an argument. */
export class LinkAge {
  readonly #startedAt: number
  /** When its connection stood for the first time; null: not yet. */
  #connectedAt: number | null = null
  #stands = false
  #changedAt: number

  /** `downSince`: when the one before it fell, or was begun in vain. */
  constructor(now: number, downSince = now) {
    this.#startedAt = now
    this.#changedAt = downSince
  }

  /** Of the one that is made in its place: how often a link was begun in vain does not make it young. */
  next(now: number): LinkAge {
    return new LinkAge(now, this.#stands ? now : this.#changedAt)
  }

  connected(now: number): void {
    this.#connectedAt ??= now
    if (!this.#stands) this.#changedAt = now
    this.#stands = true
  }

  disconnected(now: number): void {
    if (this.#stands) this.#changedAt = now
    this.#stands = false
  }

  condition(now: number): Pick<LinkSnapshot, 'state' | 'forMs'> {
    return {
      state: this.#stands ? 'connected' : 'connecting',
      forMs: Math.max(0, Math.round(now - this.#changedAt)),
    }
  }

  /**
   * True where making the connection anew helps. One that is just being made is anew already, and one that has stood
   * for less than twice the time that it took to make has not yet brought what goes up and comes back on it.
   */
  mayRenew(now: number): boolean {
    if (this.#connectedAt === null) return now - this.#startedAt >= patienceMs
    const tookMs = this.#connectedAt - this.#startedAt
    return now - this.#connectedAt >= Math.min(patienceMs, 2 * tookMs)
  }
}
