import type { TableSequence } from '../model/message.ts'
import type { ClosedParcel } from './closed-parcel.ts'
import type { PublishedStream } from './published-stream.ts'
import type { PublishedStreams } from './published-streams.ts'
import type { PublisherLimits } from './publisher-limits.ts'
import { Retention } from './retention.ts'
import { UnannouncedBatches } from './unannounced-batches.ts'

type SendBatch = (stream: PublishedStream, message: Uint8Array, now: number) => void

/**
 * Closed parcels on their way out, in order: each batch is retained and sent, or held where GENESIS_CLUSTER does
 * not know of its tables yet.
 */
export class Outbox {
  readonly #limits: PublisherLimits
  readonly #streams: PublishedStreams
  readonly #send: SendBatch
  readonly #retention: Retention
  /** A large one leaves in several turns, and others wait behind it. */
  readonly #unsent: ClosedParcel[] = []
  readonly #unannounced = new UnannouncedBatches()
  /** Since when GENESIS_CLUSTER knows that this process publishes; Infinity: it does not yet. */
  #announcedAt = Infinity
  /** When what is held leaves in any case. */
  #heldUntil = Infinity

  constructor(limits: PublisherLimits, streams: PublishedStreams, send: SendBatch) {
    this.#limits = limits
    this.#streams = streams
    this.#send = send
    this.#retention = new Retention(limits)
  }

  /** Nothing waits for a turn to come; something may be held. */
  get isEmpty(): boolean {
    return this.#unsent.length === 0
  }

  /** The parcel in front has left in part. */
  get isHalfSent(): boolean {
    return this.#unsent[0]?.isHalfSent ?? false
  }

  get isHolding(): boolean {
    return !this.#unannounced.isEmpty
  }

  get retainedBytes(): number {
    return this.#retention.bytes
  }

  /** When the oldest was closed that is retained; null: nothing is. Monotonic milliseconds. */
  get retainedSince(): number | null {
    return this.#retention.since
  }

  get deadline(): number {
    return this.#heldUntil
  }

  /** Nothing up to these numbers waits any more, here or in an open parcel. */
  readonly haveLeft = (target: readonly TableSequence[]): boolean =>
    !this.isHolding &&
    target.every(({ table, last }) => (this.#streams.get(table)?.closed ?? 0) >= last)

  add(parcel: ClosedParcel): void {
    this.#unsent.push(parcel)
  }

  /** GENESIS_CLUSTER does not know yet that this table is published here. */
  newTable(table: string): void {
    this.#unannounced.add(table)
  }

  /** It knows of these tables: what was held for them leaves. False: it has known that. */
  announce(tables: readonly string[], now: number): boolean {
    if (!this.#unannounced.announce(tables)) return false
    if (this.#announcedAt === Infinity) this.#announcedAt = now
    this.#sendHeld(now)
    // It answers: what is held still has its whole time.
    if (this.isHolding) this.#heldUntil = now + this.#limits.announceMs
    return true
  }

  /** Sends so many bytes, by default what a turn takes; calls `parcelLeft` behind each parcel. */
  send(now: number, parcelLeft: () => void, bytes?: number): void {
    const most = bytes ?? turnBytesOf(this.#unsent, this.#limits.turnBytes)
    for (let sent = 0; sent < most;) {
      const [parcel] = this.#unsent
      if (!parcel) return
      sent += this.#retainAndSend(parcel, now)
      if (!parcel.isSent) continue
      this.#unsent.shift()
      parcelLeft()
    }
  }

  tick(now: number): void {
    if (now < this.#heldUntil) return
    this.#unannounced.giveUp()
    this.#sendHeld(now)
  }

  /** Lets go of what was retained for long enough. */
  expire(now: number): void {
    this.#retention.expire(now)
  }

  /** Lets go of all that is retained. */
  forget(): void {
    this.#retention.forget(this.#streams)
  }

  #retainAndSend(parcel: ClosedParcel, now: number): number {
    const batch = parcel.next()
    const stream = this.#streams.get(batch.table) as PublishedStream
    this.#retention.add(stream, batch, parcel.closedAt)
    if (this.#unannounced.mustHold(parcel.tables)) this.#hold(stream, batch.first, parcel, now)
    else {
      stream.left(batch, now, Math.max(parcel.closedAt, this.#announcedAt))
      this.#send(stream, batch.message, now)
    }
    return batch.message.byteLength
  }

  /** Not for ever in a process that has published before: a GENESIS_CLUSTER that is away must not hold up the rest. */
  #hold(stream: PublishedStream, first: number, { tables }: ClosedParcel, now: number): void {
    if (!this.isHolding && this.#announcedAt !== Infinity)
      this.#heldUntil = now + this.#limits.announceMs
    this.#unannounced.hold(stream, first, tables)
  }

  #sendHeld(now: number): void {
    for (const { stream, first } of this.#unannounced.take())
      for (const batch of stream.batchesIn(first, first)) {
        stream.left(batch, now, now)
        this.#send(stream, Buffer.from(batch.message.bytes), now)
      }
    if (this.isHolding) return
    this.#heldUntil = Infinity
    // What retention has let go of was published as well.
    for (const stream of this.#streams) stream.passOver(now)
  }
}

/** What leaves in a turn: of very much an eighth, so that it neither takes long nor piles up. */
function turnBytesOf(unsent: Iterable<ClosedParcel>, least: number): number {
  let waiting = 0
  for (const { bytes } of unsent) waiting += bytes
  return Math.max(least, waiting / 8)
}
