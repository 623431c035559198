import type { Random } from '../base/random.ts'
import type { RoundTrip } from './round-trip.ts'
import type { SubscriberLimits } from './subscriber-limits.ts'

type SyncLimits = Pick<
  SubscriberLimits,
  'syncSpreadMs' | 'syncRetryMs' | 'syncAnswerMs' | 'syncRetryMaxMs'
>

/** When one publisher is asked for what is to be proven: soon, and then later and later. */
export class SyncSchedule {
  readonly #limits: SyncLimits
  readonly #roundTrip: RoundTrip
  #count = 0
  #askedAt = -Infinity
  #nextAt: number

  constructor(limits: SyncLimits, roundTrip: RoundTrip, now: number) {
    this.#limits = limits
    this.#roundTrip = roundTrip
    this.#nextAt = now
  }

  /** How often it was asked since there was something new to be proven. */
  get count(): number {
    return this.#count
  }

  /** When it was asked last. */
  get askedAt(): number {
    return this.#askedAt
  }

  /** When it is asked next, if there is something to be proven. */
  get nextAt(): number {
    return this.#nextAt
  }

  /** There is something new to be proven. */
  restart(now: number, random: Random): void {
    this.#count = 0
    this.#nextAt = this.#soon(now, random)
  }

  /** It is asked soon, if not sooner. */
  hasten(now: number, random: Random): void {
    this.#nextAt = Math.min(this.#nextAt, this.#soon(now, random))
  }

  /**
   * A sync of so many publishers goes out now: the next one, should it be in vain, later and later. `share`: of the
   * pause, left to chance.
   */
  asked(now: number, publishers: number, share: number): void {
    const { syncRetryMs, syncAnswerMs, syncRetryMaxMs } = this.#limits
    this.#count++
    this.#askedAt = now
    const later = Math.max(syncRetryMs * 1.5 ** this.#count, syncAnswerMs * publishers)
    const wait = this.#roundTrip.pauseMs(Math.min(later, syncRetryMaxMs))
    this.#nextAt = now + wait * share
  }

  #soon(now: number, random: Random): number {
    return now + random() * this.#limits.syncSpreadMs
  }
}
