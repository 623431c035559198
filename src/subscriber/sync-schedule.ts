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
  /** The pause behind the last question: at least so long, by how often it was asked and how many were asked with it. */
  #leastPauseMs = 0
  /** And so long by what was known when it was asked. */
  #pauseMs = 0
  /** Of the pause, left to chance. */
  #share = 1
  /** When it is asked without a pause; Infinity: behind the pause. */
  #soonAt: number

  constructor(limits: SyncLimits, roundTrip: RoundTrip, now: number) {
    this.#limits = limits
    this.#roundTrip = roundTrip
    this.#soonAt = now
  }

  /** How often it was asked since there was something new to be proven. */
  get count(): number {
    return this.#count
  }

  /** When it was asked last. */
  get askedAt(): number {
    return this.#askedAt
  }

  /**
   * When it is asked next, if there is something to be proven. What has come meanwhile may have shown that the answers
   * of this publisher take less than was thought: then the pause is shorter.
   */
  get nextAt(): number {
    if (this.#count === 0) return this.#soonAt
    const pauseMs = Math.min(this.#pauseMs, this.#pauseByNow())
    return Math.min(this.#soonAt, this.#askedAt + pauseMs * this.#share)
  }

  /** There is something new to be proven. */
  restart(now: number, random: Random): void {
    this.#count = 0
    this.#soonAt = this.#soon(now, random)
  }

  /** It is asked soon, if not sooner. */
  hasten(now: number, random: Random): void {
    this.#soonAt = Math.min(this.#soonAt, this.#soon(now, random))
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
    this.#leastPauseMs = Math.min(later, syncRetryMaxMs)
    this.#pauseMs = this.#pauseByNow()
    this.#share = share
    this.#soonAt = Infinity
  }

  #pauseByNow(): number {
    return this.#roundTrip.pauseMs(this.#leastPauseMs)
  }

  #soon(now: number, random: Random): number {
    return now + random() * this.#limits.syncSpreadMs
  }
}
