import type { BatchMessage, TableSequence } from '../model/message.ts'
import type { SubscribedStream } from './subscribed-stream.ts'

/** The latest parcel of one publisher, of which parts may still be under way. */
export class LatestParcel {
  #number = 0
  /** Its tables with their last sequences. */
  #manifest: readonly TableSequence[] = []
  /** When a part of it came last. */
  #partAt = -Infinity

  batchCame({ parcel, manifest }: BatchMessage, now: number): void {
    if (parcel < this.#number) return
    this.#number = parcel
    this.#manifest = manifest
    this.#partAt = now
  }

  /** When a part of it came last, if the end of the stream, as far as it is known, lies in it; else -Infinity. */
  partCameAt({ table, known }: SubscribedStream): number {
    const isLatest = this.#manifest.some((each) => each.table === table && each.last === known)
    return isLatest ? this.#partAt : -Infinity
  }
}
