import type { MulticastLimits } from './multicast-limits.ts'

/**
 * Whether a node is heard by the group. It is deaf until it has heard for a while: meanwhile the channel serves it.
 * Time is an argument.
 */
export class Hearing {
  readonly #limits: Pick<MulticastLimits, 'deafAfterMs' | 'missedAfterMs' | 'hearsAfterMs'>
  #isDeaf = true
  /** Since when it has been heard without a longer silence; null: it is not. */
  #since: number | null = null
  /** When it was heard last, or began to be listened for. */
  #lastAt: number

  constructor(
    limits: Pick<MulticastLimits, 'deafAfterMs' | 'missedAfterMs' | 'hearsAfterMs'>,
    now: number,
  ) {
    this.#limits = limits
    this.#lastAt = now
  }

  get isDeaf(): boolean {
    return this.#isDeaf
  }

  /** Silent for longer than lost datagrams explain: people are told. */
  isMissed(now: number): boolean {
    return this.#isDeaf && now - this.#lastAt > this.#limits.missedAfterMs
  }

  /** A datagram came by the group. */
  heard(now: number): void {
    this.#lastAt = now
    this.#since ??= now
    if (now - this.#since >= this.#limits.hearsAfterMs) this.#isDeaf = false
  }

  /** `late`: so long this process stood still and read nothing. */
  tick(now: number, late: number): void {
    this.#lastAt = Math.min(now, this.#lastAt + late)
    if (now - this.#lastAt <= this.#limits.deafAfterMs) return
    this.#isDeaf = true
    this.#since = null
  }
}
