import { presenceLimits } from './presence-limits.ts'

/**
 * Which life of the roster counts: the broker keeps its name for everybody. Processes that start at the same moment may each
 * begin one: the first that the broker told counts, and whoever put another one in its place puts it back.
 */
export class RosterHistory {
  #current: string | null = null
  #latest: string | null = null
  #latestSince = 0
  /** What this process has put there last. */
  #own: string | null = null

  get current(): string | null {
    return this.#current
  }

  /** Undecided: another one has been told, and may be put back. */
  get isDisputed(): boolean {
    return this.#latest !== null && this.#latest !== this.#current
  }

  /** This process has begun one, since the broker had none. */
  began(history: string): void {
    this.#own = history
  }

  /** What the broker had is lost, and with it maybe more: the next counts, whoever begins it. */
  forget(): void {
    this.#current = null
    this.#latest = null
  }

  /** The broker tells it. @returns what it has to be told instead; null: nothing */
  heard(history: string, now: number): string | null {
    this.#current ??= history
    if (history !== this.#latest) this.#latestSince = now
    this.#latest = history
    return history === this.#own && history !== this.#current ? this.#current : null
  }

  /** One that stays is another life. */
  tick(now: number): void {
    if (this.isDisputed && now - this.#latestSince >= presenceLimits.historyStaysMs)
      this.#current = this.#latest
  }
}
