import type { PublisherLimits } from './publisher-limits.ts'

/**
 * When a parcel leaves. In general that is at the end of its turn of the event loop. Where turns that
 * publish follow each other nearly as fast as messages can be taken, a parcel gathers several: a
 * message costs every subscriber as much as a hundred updates in one.
 */
export class ParcelGathering {
  readonly #limits: PublisherLimits
  /** When the last turns that published ended, as a ring: monotonic milliseconds. */
  readonly #turns: Float64Array
  #next = 0
  #leftAt = -Infinity
  /** Turns in the open parcel, and how many tables it had after the first. */
  #gathered = 0
  #tablesOfFirst = 0
  /** Turns to come that do not gather. */
  #rest = 0
  /** When the parcel that waits is due; Infinity while none waits. */
  dueAt = Infinity

  constructor(limits: PublisherLimits) {
    this.#limits = limits
    this.#turns = new Float64Array(limits.parcelGatherTurns).fill(-Infinity)
  }

  get isWaiting(): boolean {
    return this.dueAt !== Infinity
  }

  /** A turn that published is over, with so much in the open parcel: true where that waits for more. */
  waits(now: number, bytes: number, tables: number): boolean {
    const isSustained = this.#noteTurn(now)
    if (++this.#gathered === 1) this.#tablesOfFirst = tables
    const dueAt = this.#leftAt + this.#limits.parcelGatherMs
    const isSmall = bytes < this.#limits.parcelGatherBytes
    const waits = isSustained && this.#rest === 0 && isSmall && now < dueAt
    this.dueAt = waits ? dueAt : Infinity
    if (this.#rest > 0) this.#rest--
    else if (!waits && this.#gathered > 1 && this.#hasSavedLittle(tables))
      this.#rest = this.#limits.parcelGatherRestTurns
    return waits
  }

  /** Its time is up: it leaves now, or at the end of a turn that has begun. */
  expire(): void {
    this.dueAt = Infinity
  }

  /** The open parcel was closed, for whatever reason. */
  left(now: number): void {
    this.#leftAt = now
    this.#gathered = 0
    this.dueAt = Infinity
  }

  /** True where turns follow each other fast, and not for a moment only. */
  #noteTurn(now: number): boolean {
    const { parcelGatherTurns, parcelGatherTurnMs } = this.#limits
    const first = this.#turns[this.#next] as number
    this.#turns[this.#next] = now
    this.#next = (this.#next + 1) % parcelGatherTurns
    return now - first < parcelGatherTurns * parcelGatherTurnMs
  }

  /**
   * A message is of one table. Where each turn publishes other tables, a shared parcel has as many messages as the turns
   * would have by themselves, and each of them names more tables.
   */
  #hasSavedLittle(tables: number): boolean {
    return 2 * tables > this.#gathered * this.#tablesOfFirst
  }
}
