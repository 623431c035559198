import type { OpenParcel } from './open-parcel.ts'
import type { PublisherLimits } from './publisher-limits.ts'

/**
 * When a parcel leaves. In general that is at the end of its turn of the event loop. A message costs every
 * subscriber as much as a hundred updates in one, so a parcel gathers several turns
 * - where they follow each other nearly as fast as messages can be taken, for `parcelGatherMs`;
 * - where the process publishes in every single turn, that is as fast as it can, for a sixteenth of the time for
 *   which it has done so, and until a turn publishes nothing. It does not keep up with its work, so its updates
 *   have waited for longer than that already.
 * It hears of the ends of turns, each time with the last commit: a turn with a new one has published.
 */
export class ParcelGathering {
  readonly #limits: PublisherLimits
  readonly #parcel: OpenParcel
  /** Of the last turn that published: its end by the wall clock. */
  #turnEndedAt = 0
  /** The last commit of the turns that are over. */
  #turnCommit = 0
  /** When the last turns that published ended, as a ring: monotonic milliseconds. */
  readonly #turns: Float64Array
  #next = 0
  #leftAt = -Infinity
  /** Turns in the open parcel, its tables, and how many it had after the first turn. */
  #gathered = 0
  #tables = 0
  #tablesOfFirst = 0
  /** Turns that published one behind the other, without one between them that did not, and when the first ended. */
  #inRow = 0
  #inRowSince = -Infinity
  /** It would have been told of a turn that published nothing since the last that did. */
  #hasLooked = false
  /** Turns to come that do not gather. */
  #rest = 0
  /** When the parcel that waits is due; Infinity while none waits. */
  #dueAt = Infinity
  /** When it is looked whether anything has been published since, while ends of turns are not told. */
  #lookAt = Infinity
  #looksAhead = false

  constructor(limits: PublisherLimits, parcel: OpenParcel) {
    this.#limits = limits
    this.#parcel = parcel
    this.#turns = new Float64Array(limits.parcelGatherTurns).fill(-Infinity)
  }

  get isWaiting(): boolean {
    return this.#dueAt !== Infinity
  }

  /** The end of the next turn is to be told, whether it publishes or not. */
  get looksAhead(): boolean {
    return this.#looksAhead
  }

  /** Something was published in each turn so far: until the parcel leaves, ends of turns need not be told. */
  get skipsTurns(): boolean {
    return this.#lookAt !== Infinity
  }

  /** When `tick()` is due. */
  get deadline(): number {
    return Math.min(this.#dueAt, this.#lookAt)
  }

  /**
   * A turn is over. Returns null where the open parcel waits for more; where it leaves, the time for its updates,
   * by the wall clock. `mayWait`: nothing is left of the parcels before it.
   */
  endTurn(now: number, wallClock: number, commit: number, mayWait: boolean): number | null {
    if (this.#turnCommit === commit) return this.#endIdleTurn(wallClock)
    this.#turnCommit = commit
    this.#turnEndedAt = wallClock
    const { bytes, tables } = this.#parcel
    if (tables > 0 && mayWait && this.#waits(now, bytes, tables)) return null
    return wallClock
  }

  /** What gathers leaves when it is due, or when nothing more comes. Returns the same as `endTurn()`. */
  tick(now: number, commit: number): number | null {
    if (now < this.deadline) return null
    const isIdle = this.#turnCommit === commit
    if (!this.skipsTurns) {
      this.#expire()
      // Where a turn has begun that publishes, what waits leaves at its end.
      return isIdle ? this.#turnEndedAt : null
    }
    this.#turnCommit = commit
    if (now < this.#dueAt && !isIdle) {
      this.#lookAgain(now)
      return null
    }
    if (now >= this.#lookAt && isIdle) this.#endRow()
    return this.#turnEndedAt
  }

  /** The open parcel was closed, for whatever reason. */
  left(now: number): void {
    if (this.#rest === 0 && this.#gathered > 1 && this.#hasSavedLittle())
      this.#rest = this.#limits.parcelGatherRestTurns
    this.#leftAt = now
    this.#gathered = 0
    this.#expire()
  }

  /** Nothing was published in this turn: what has waited for that leaves. */
  #endIdleTurn(wallClock: number): number | null {
    const wasBusy = this.#isBusy
    this.#endRow()
    if (!this.isWaiting) return wallClock
    return wasBusy ? this.#turnEndedAt : null
  }

  /** A turn that published is over, with so much in the open parcel: true where that waits for more. */
  #waits(now: number, bytes: number, tables: number): boolean {
    const limits = this.#limits
    const apartMs = this.#noteTurn(now)
    if (++this.#gathered === 1) this.#tablesOfFirst = tables
    if (!this.#hasLooked) this.#inRow = 0
    if (++this.#inRow === 1) this.#inRowSince = now
    const isBusy = this.#isBusy
    this.#looksAhead = this.#hasLooked = apartMs < limits.parcelGatherBusyMs
    this.#tables = tables
    const dueAt = this.#leftAt + (isBusy ? this.#busyMs(now) : limits.parcelGatherMs)
    const isSmall = bytes < (isBusy ? limits.parcelBytes : limits.parcelGatherBytes)
    const isSustained = isBusy || apartMs < limits.parcelGatherTurnMs
    const saves = this.#gathered < limits.parcelGatherTurns || !this.#hasSavedLittle()
    const waits = isSustained && this.#rest === 0 && isSmall && saves && now < dueAt
    this.#dueAt = waits ? dueAt : Infinity
    if (waits && isBusy && this.#isAlike()) this.#lookAgain(now)
    if (this.#rest > 0) this.#rest--
    return waits
  }

  /** The process publishes as fast as it can. */
  get #isBusy(): boolean {
    return this.#inRow >= this.#limits.parcelGatherTurns
  }

  #lookAgain(now: number): void {
    this.#lookAt = now + this.#limits.parcelGatherLookMs
    this.#looksAhead = false
  }

  /** A turn is over that published nothing. */
  #endRow(): void {
    this.#inRow = 0
    this.#looksAhead = false
  }

  /** Its time is up: it leaves now, or at the end of a turn that has begun. */
  #expire(): void {
    this.#dueAt = Infinity
    this.#lookAt = Infinity
  }

  /** Enough turns of this parcel were looked at, and they were of the same tables: it takes more of them. */
  #isAlike(): boolean {
    return this.#gathered >= this.#limits.parcelGatherLookTurns && !this.#hasSavedLittle()
  }

  #busyMs(now: number): number {
    const { parcelGatherBusyMs, parcelGatherBusyShare, parcelGatherMs } = this.#limits
    const ms = (now - this.#inRowSince) * parcelGatherBusyShare
    return Math.min(parcelGatherBusyMs, Math.max(parcelGatherMs, ms))
  }

  /** Milliseconds from one of the last turns to the next, on average. */
  #noteTurn(now: number): number {
    const { parcelGatherTurns } = this.#limits
    const first = this.#turns[this.#next] as number
    this.#turns[this.#next] = now
    this.#next = (this.#next + 1) % parcelGatherTurns
    return (now - first) / parcelGatherTurns
  }

  /**
   * A message is of one table. Where each turn publishes other tables, a shared parcel has as many messages as the turns
   * would have by themselves, and each of them names more tables.
   */
  #hasSavedLittle(): boolean {
    return 2 * this.#tables > this.#gathered * this.#tablesOfFirst
  }
}
