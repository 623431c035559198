import { PriorityQueue } from '../base/priority-queue.ts'
import type { SubscribedStream } from './subscribed-stream.ts'

/**
 * The streams of one publisher with something held or lost. Which of them comes next is known without a look at the
 * others: when a gap closes behind which many have waited, that is asked for each parcel.
 */
export class PendingStreams {
  readonly #all = new Set<SubscribedStream>()
  readonly #byParcel = new PriorityQueue<SubscribedStream>()
  /** The highest that each holds is first. */
  readonly #byLastParcel = new PriorityQueue<SubscribedStream>()
  readonly #lostNext = new Set<SubscribedStream>()

  get size(): number {
    return this.#all.size
  }

  has(stream: SubscribedStream): boolean {
    return this.#all.has(stream)
  }

  [Symbol.iterator](): Iterator<SubscribedStream> {
    return this.#all.values()
  }

  /** The one that holds the lowest parcel, or one of them. */
  get first(): SubscribedStream | undefined {
    return this.#byParcel.first
  }

  /** The one that holds the highest parcel, or one of them. */
  get last(): SubscribedStream | undefined {
    return this.#byLastParcel.first
  }

  /** Those in which what is to be delivered next is lost. */
  get lostNext(): Iterable<SubscribedStream> {
    return this.#lostNext
  }

  /** Each of them holds something, and none of it is of a lower parcel than this. */
  hasNoneBefore(parcel: number): boolean {
    if (this.#byParcel.size < this.#all.size) return false
    return (this.first?.held.at(0)?.parcel ?? parcel) >= parcel
  }

  /** Looks what the stream still has held or lost; call it after each change of either. */
  settle(stream: SubscribedStream): void {
    const first = stream.held.at(0)
    const last = stream.held.at(-1)
    if (first) this.#byParcel.set(stream, first.parcel)
    else this.#byParcel.delete(stream)
    if (last) this.#byLastParcel.set(stream, -last.parcel)
    else this.#byLastParcel.delete(stream)
    if (stream.isNextLost) this.#lostNext.add(stream)
    else this.#lostNext.delete(stream)
    if (first || stream.hasLost) this.#all.add(stream)
    else this.#all.delete(stream)
  }
}
