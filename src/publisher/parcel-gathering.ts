import type { PublisherLimits } from './publisher-limits.ts'

type GatheringLimits = Pick<
  PublisherLimits,
  'parcelGatherTurnMs' | 'parcelGatherTurns' | 'parcelGatherMs' | 'parcelGatherBytes'
>

/**
 * When a parcel leaves. In general that is at the end of its turn of the event loop. Where turns that
 * publish follow each other nearly as fast as messages can be taken, a parcel gathers several: a
 * message costs every subscriber as much as a hundred updates in one.
 */
export class ParcelGathering {
  readonly #limits: GatheringLimits
  /** When the last turns that published ended, as a ring: monotonic milliseconds. */
  readonly #turns: Float64Array
  #next = 0
  #sentAt = -Infinity
  /** When the parcel that waits is due; Infinity while none waits. */
  dueAt = Infinity

  constructor(limits: GatheringLimits) {
    this.#limits = limits
    this.#turns = new Float64Array(limits.parcelGatherTurns).fill(-Infinity)
  }

  get isWaiting(): boolean {
    return this.dueAt !== Infinity
  }

  /** A turn that published is over, with so much in the open parcel: true where that waits for more. */
  waits(now: number, bytes: number): boolean {
    const { parcelGatherMs, parcelGatherTurns, parcelGatherTurnMs, parcelGatherBytes } =
      this.#limits
    const first = this.#turns[this.#next] as number
    this.#turns[this.#next] = now
    this.#next = (this.#next + 1) % parcelGatherTurns
    const dueAt = this.#sentAt + parcelGatherMs
    const isSustained = now - first < parcelGatherTurns * parcelGatherTurnMs
    this.dueAt = isSustained && now < dueAt && bytes < parcelGatherBytes ? dueAt : Infinity
    return this.isWaiting
  }

  left(now: number): void {
    this.#sentAt = now
    this.dueAt = Infinity
  }
}
