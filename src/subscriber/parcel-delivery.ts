import { freshList } from '../base/fresh.ts'
import type { Loss, LossReason } from '../model/loss.ts'
import type { BatchMessage, ResetNotice, TableSequence } from '../model/message.ts'
import type { Update } from '../model/update.ts'
import { frameChecksum } from '../wire/frames/envelope.ts'
import { keyOf } from '../wire/rows/record-key.ts'
import { CommitGroup, CommitGrouping } from './commit-grouping.ts'
import { ParcelLosses } from './parcel-losses.ts'
import type { BatchReader } from './selection.ts'
import type { Source } from './source.ts'
import { lastOf, type SubscribedStream } from './subscribed-stream.ts'
import type { StreamPosition, SubscriptionOutput } from './subscription-output.ts'

interface Part {
  readonly parcel: number
  readonly stream: SubscribedStream
  readonly last: number
}

class ReadBatch {
  readonly batch: BatchMessage
  /** How many of its updates, from the first on, were delivered or lost before. */
  readonly skip: number
  readonly updates: Update[]

  constructor(batch: BatchMessage, skip: number, updates: Update[]) {
    this.batch = batch
    this.skip = skip
    this.updates = updates
  }
}

/**
 * Delivers, publisher by publisher, parcel after parcel: the lowest parcel of which a part is here
 * goes first, when all its parts in the subscribed tables are here or lost. Losses go out in band:
 * behind what precedes them, before what follows.
 */
export class ParcelDelivery {
  readonly #wants: (table: string) => boolean
  readonly #reader: BatchReader
  readonly #output: SubscriptionOutput
  /** Updates of batches that are held, read ahead. */
  readonly #ahead = new WeakMap<BatchMessage, Update[]>()
  #heldBytes = 0
  /** While a parcel is read: the losses in it, whose places are known when all of it is. */
  #lossesOfParcel: ParcelLosses | null = null

  constructor(wants: (table: string) => boolean, reader: BatchReader, output: SubscriptionOutput) {
    this.#wants = wants
    this.#reader = reader
    this.#output = output
  }

  /** Bytes of all batches that are held. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** A batch of a wanted table has come; its stream knows of it. */
  take(source: Source, stream: SubscribedStream, batch: BatchMessage): void {
    if (!stream.seen.agrees(batch.first, frameChecksum(batch.frame))) {
      this.#refuseClone(source, stream, batch)
      return
    }
    if (this.#isPlain(source, stream, batch) && this.#output.hasRoom()) {
      const updates = freshList<Update>()
      if (this.#reader.read(batch, 0, updates)) {
        stream.delivered(batch)
        this.#output.updates(updates, false, this.#weigh(batch, 0, updates), [
          { stream, last: stream.next - 1 },
        ])
        return
      }
    }
    const bytes = stream.hold(batch)
    if (bytes === null) return
    this.#heldBytes += bytes
    source.settle(stream)
    // What comes behind the part that is missing changes nothing: of many tables not each is looked at for each of them.
    if (!source.isBlockedFor(stream, batch)) this.deliver(source)
    if (stream.held.length > 0) this.#readAhead(source, stream, batch)
  }

  /** `isLostBefore`: all up to it was reported lost. */
  setBase(source: Source, stream: SubscribedStream, base: number, isLostBefore = false): void {
    this.#heldBytes -= stream.setBase(base, isLostBefore)
    source.settle(stream)
    source.lookAt(stream)
  }

  /** Delivers what can be; what is incomplete, unbased or finds no room stays held. */
  deliver(source: Source): void {
    source.unblocked()
    for (;;) {
      for (const stream of source.pending.lostNext) while (this.#skipLost(source, stream)) continue
      const parts = this.#nextParcel(source)
      if (!parts) return
      for (const { parcel, stream, last } of parts)
        if (stream.base === null || stream.coveredFrom(stream.next, last) < last) {
          source.blockedBy(stream, parcel)
          return
        }
      if (!this.#output.hasRoom()) return
      this.#deliverParcel(source, parts)
    }
  }

  /** Lets the newest parcels go until no more than `bytes` are held; they are gaps again. */
  letGo(source: Source, bytes: number): void {
    const { pending } = source
    while (this.#heldBytes > bytes) {
      const lowest = pending.first?.held.at(0)?.parcel ?? Infinity
      const highest = pending.last?.held.at(-1)?.parcel ?? -1
      if (highest <= lowest) return
      for (let stream = pending.last; stream?.held.at(-1)?.parcel === highest;) {
        this.#heldBytes -= stream.letGoLast()
        source.settle(stream)
        stream = pending.last
      }
    }
  }

  /** Reports a range of a stream as lost, or the end of a loss that was reported open. */
  report(
    source: Source,
    stream: SubscribedStream,
    range: { from: number | null; to: number | null },
    reason: LossReason,
  ): void {
    const ends = stream.endOpenLoss()
    const loss: Loss = {
      table: stream.table,
      publisher: source.identity,
      ...range,
      reason,
      ...(ends && { ends: true }),
    }
    if (this.#lossesOfParcel) this.#lossesOfParcel.add(loss)
    else this.#output.losses([loss], [{ stream, last: range.to ?? stream.consumed }])
  }

  /**
   * Its publisher has said all that it published: open losses in tables of which nothing is known end, with nothing
   * lost, and so does the one in any table. What is lost of others is told by their own.
   */
  endUnheard(source: Source, reason: LossReason): void {
    const { identity: publisher, openLosses, streams } = source
    const nothingLost = { publisher, from: 1, to: 0, reason, ends: true } as const
    const ended: Loss[] = []
    for (const table of openLosses.toldIn)
      if (!streams.has(table)) ended.push({ table, ...nothingLost })
    if (openLosses.isToldInAny) ended.push({ table: null, ...nothingLost })
    openLosses.ended()
    if (ended.length > 0) this.#output.losses(ended, [])
  }

  /** The first to come stays; which of the two is the original cannot be told. */
  #refuseClone(source: Source, stream: SubscribedStream, { first }: BatchMessage): void {
    this.#output.event({ type: 'refused', reason: 'cloned', count: 1 })
    if (!stream.cloneFound()) return
    const { table } = stream
    const { identity: publisher } = source
    this.#output.event({ type: 'publisher-cloned', publisher, table, sequence: first })
  }

  /** A batch on a stream, all in order, alone in its parcel as far as this subscription goes. */
  #isPlain(source: Source, stream: SubscribedStream, batch: BatchMessage): boolean {
    if (
      source.pending.size > 0 ||
      stream.base === null ||
      batch.first !== stream.next ||
      stream.openLossFrom !== undefined ||
      stream.lostUpTo >= batch.first - 1
    )
      return false
    for (const { table, last } of batch.manifest)
      if (table === batch.table ? last !== lastOf(batch) : this.#wants(table)) return false
    return true
  }

  #nextParcel(source: Source): Part[] | null {
    const lowest = source.pending.first?.held.at(0)
    if (!lowest) return null
    const { parcel, manifest } = lowest
    return manifest
      .filter(({ table }: TableSequence) => this.#wants(table))
      .map(({ table, last }) => ({ parcel, stream: source.stream(table), last }))
  }

  /**
   * What waits only for the rest of the parcel that is delivered next is read as it comes: all of a
   * large commit at once would stop the event loop.
   */
  #readAhead(source: Source, stream: SubscribedStream, batch: BatchMessage): void {
    if (stream.base === null || batch.first < stream.next || !this.#output.isUnderHalf()) return
    if (!source.pending.hasNoneBefore(batch.parcel)) return
    const updates = freshList<Update>()
    if (this.#reader.read(batch, 0, updates)) this.#ahead.set(batch, updates)
  }

  #deliverParcel(source: Source, parts: readonly Part[]): void {
    const positions: StreamPosition[] = []
    const read = freshList<ReadBatch>()
    const losses = new ParcelLosses()
    this.#lossesOfParcel = losses
    // One table and nothing lost: it comes in the order of its commits, each whole.
    let isPlain = parts.length === 1
    let bytes = 0
    for (const { stream, last } of parts) {
      if (stream.lostUpTo >= stream.next - 1) {
        isPlain = false
        losses.toldBefore(stream.table, stream.lostUpTo)
      }
      while (stream.next <= last) {
        if (this.#skipLost(source, stream)) {
          isPlain = false
          continue
        }
        const batch = stream.takeFirst() as BatchMessage
        this.#heldBytes -= batch.frame.byteLength
        const updates = this.#read(source, stream, batch)
        if (updates) {
          const skip = stream.next - batch.first
          if (batch.reset) isPlain = false
          else bytes += this.#weigh(batch, skip, updates)
          read.push(new ReadBatch(batch, skip, updates))
          stream.delivered(batch)
        } else isPlain = false
      }
      source.settle(stream)
      positions.push({ stream, last: stream.next - 1 })
    }
    this.#lossesOfParcel = null
    const groups = isPlain ? Array.of(joined(read)) : this.#grouped(read, !losses.isEmpty)
    if (groups.length === 0) groups.push(nothing)
    const places = losses.among(groups)
    const atEnd = places.at(-1) ?? []
    groups.forEach(({ updates, incomplete }, index) => {
      for (const each of places[index] ?? []) this.#output.losses([each.loss], [], each.bytes)
      // Only behind all of the parcel is it known to be consumed.
      const isLast = index === groups.length - 1 && atEnd.length === 0
      this.#output.updates(updates, incomplete, bytes / groups.length, isLast ? positions : [])
    })
    for (const [index, { loss, bytes: taken }] of atEnd.entries())
      this.#output.losses([loss], index === atEnd.length - 1 ? positions : [], taken)
  }

  /** The bytes that the updates read of a batch from index `skip` on stand for; tells how many did not pass. */
  #weigh({ count, payload }: BatchMessage, skip: number, updates: readonly Update[]): number {
    if (updates.length + skip < count) this.#output.filtered(count - skip - updates.length)
    return (payload.byteLength * updates.length) / (count - skip)
  }

  #grouped(read: readonly ReadBatch[], areApart: boolean): CommitGroup[] {
    const grouping = new CommitGrouping(this.#wants, areApart)
    for (const { batch, skip, updates } of read) grouping.add(batch, skip, updates)
    return grouping.groups()
  }

  /** The rows of the batch from `next` on; null, and a loss, where there are none or they cannot be read. */
  #read(source: Source, stream: SubscribedStream, batch: BatchMessage): Update[] | null {
    if (stream.openLossFrom !== undefined)
      this.report(source, stream, { from: stream.next, to: stream.next - 1 }, 'gone')
    const skip = stream.next - batch.first
    if (batch.reset) {
      this.#lossesOfParcel?.add(
        lossOf(batch, batch.reset),
        batch.commits[0]?.commit,
        batch.frame.byteLength,
      )
      return []
    }
    const ahead = this.#ahead.get(batch)
    if (ahead && skip === 0) return ahead
    const updates = freshList<Update>()
    if (this.#reader.read(batch, skip, updates)) return updates
    const from = stream.next
    stream.unreadable(batch)
    const why = batch.unpublished ?? 'malformed'
    const count = batch.unpublished === undefined ? 1 : stream.next - from
    this.#output.event({ type: 'refused', reason: why, count })
    const reason = why === 'foreign-overrun' ? why : 'malformed'
    this.report(source, stream, { from, to: stream.next - 1 }, reason)
    return null
  }

  #skipLost(source: Source, stream: SubscribedStream): boolean {
    const skipped = stream.skipLost()
    if (!skipped) return false
    const { from, to, reason, bytes } = skipped
    this.#heldBytes -= bytes
    source.settle(stream)
    this.report(source, stream, { from, to }, reason)
    return true
  }
}

const nothing = new CommitGroup([], false)

/** As it is told: each subscription has keys of its own, to do with what it likes. */
function lossOf({ table, publisher, first }: BatchMessage, { text, keys }: ResetNotice): Loss {
  const loss = { table, publisher, from: first, to: first, reason: 'reset', text } as const
  return keys.length === 0 ? loss : { ...loss, keys: keys.map((key) => keyOf(key) ?? {}) }
}

function joined(read: readonly ReadBatch[]): CommitGroup {
  if (read.length === 1 && read[0]) return new CommitGroup(read[0].updates, false)
  const updates = freshList<Update>()
  for (const each of read) for (const update of each.updates) updates.push(update)
  return new CommitGroup(updates, false)
}
