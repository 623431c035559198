import type { Loss } from '../model/loss.ts'
import type { RosterEntry } from '../model/roster-entry.ts'
import type { ParcelDelivery } from './parcel-delivery.ts'
import { SharedTables } from './shared-tables.ts'
import type { Source, SourceEntry } from './source.ts'
import type { Sources } from './sources.ts'
import { none } from './open-losses.ts'
import type { SubscribedStream } from './subscribed-stream.ts'
import { lastOf } from './subscribed-stream.ts'
import type { SubscriptionOutput } from './subscription-output.ts'
import type { WantedTables } from './wanted-tables.ts'

/** What becomes of a publisher's streams when it ends, or when it is lost sight of. */
export class Endings {
  readonly #wanted: WantedTables
  readonly #delivery: ParcelDelivery
  readonly #output: SubscriptionOutput
  readonly #shared = new SharedTables()
  /** Of tables that a publisher can have published those that are wanted. */
  readonly #wantedOf = new WeakMap<Iterable<string>, ReadonlySet<string>>()

  constructor(wanted: WantedTables, delivery: ParcelDelivery, output: SubscriptionOutput) {
    this.#wanted = wanted
    this.#delivery = delivery
    this.#output = output
  }

  /** What is kept of an entry of the roster: the tables of who died once for all who have the same. */
  kept({ state, last, publishes }: RosterEntry): SourceEntry {
    if (state !== 'ended' || last) return { state, last, publishes, ofDead: null }
    const tables = this.#shared.of(publishes)
    return { state, last, publishes: tables, ofDead: tables.size > 0 ? tables : null }
  }

  /** It ended in good order and its last numbers are known: the rest is an exact loss. Final. */
  finish(source: Source): void {
    this.#loseGaps(source, (stream) => stream.known, 'ended')
    for (const stream of source.streams.values())
      if (stream.openLossFrom !== undefined)
        this.#delivery.report(source, stream, { from: stream.next, to: stream.next - 1 }, 'ended')
    this.#delivery.endUnheard(source, 'ended')
    source.finished()
    this.#output.event({ type: 'publisher-finished', publisher: source.identity })
  }

  /** It had ended before the subscription began, which has heard nothing of it: nothing of it is owed. */
  endUnowed(source: Source, sources: Sources): void {
    if (source.state === 'finished') return
    if (!source.entry?.last) {
      // Who was only taken for dead may come back, and is then new here.
      if (source.state !== 'gone') sources.forget(source)
      return
    }
    for (const stream of source.streams.values())
      if (stream.base === null) this.#delivery.setBase(source, stream, stream.known)
    this.finish(source)
  }

  /** What a finished publisher's streams lack and nobody can be asked for: an exact loss, told in its place. */
  #loseRest(source: Source): void {
    for (const stream of source.streams.values()) {
      stream.lose(stream.next, stream.known, 'ended')
      source.settle(stream)
    }
  }

  /** What is held is delivered, as the application has room; then each table has a loss with an open end. Resumable. */
  gone(source: Source): void {
    source.gone(this.#wanted.named === null)
    this.#loseGaps(source, this.#lastPartlyHere(source), 'gone')
    this.#leaveOpen(source)
    this.#output.event({ type: 'publisher-gone', publisher: source.identity })
  }

  /** Of a publisher that is gone: the open loss of each stream of which nothing waits any more. */
  tellOpen(source: Source): void {
    const { openLosses } = source
    if (source.state !== 'gone') {
      openLosses.oweNone()
      return
    }
    openLosses.toldOfStreams(source.pending.size > 0)
    for (const stream of source.streams.values())
      if (!source.pending.has(stream)) this.#reportOpen(source, stream)
    this.#openUnheard(source)
    if (!openLosses.isOwedInAny || source.pending.size > 0) return
    openLosses.toldOfAny()
    const any = { table: null, publisher: source.identity, from: null, to: null }
    this.#output.losses([{ ...any, reason: 'gone' }], [])
  }

  /** Lets the newest held parcels go until no more than `bytes` are held: they become gaps again, or losses. */
  letGo(sources: Iterable<Source>, bytes: number): void {
    const finished: Source[] = []
    for (const source of sources) {
      if (source.state === 'finished') {
        finished.push(source)
        continue
      }
      this.#delivery.letGo(source, bytes)
      if (source.state === 'gone') this.#leaveOpen(source)
    }
    for (const source of finished) {
      if (this.#delivery.heldBytes <= bytes) return
      this.#delivery.letGo(source, bytes)
      this.#loseRest(source)
    }
  }

  /** Of who is gone nobody is asked for a gap: it is the beginning of the open loss, and so is all behind it. */
  #leaveOpen(source: Source): void {
    for (const stream of source.streams.values()) {
      stream.leaveOpen()
      source.settle(stream)
    }
    this.tellOpen(source)
  }

  /** True when the roster names tables of a gone publisher for which no open loss is due yet. */
  knowsMoreThanTold(source: Source): boolean {
    const { entry, openLosses, streams } = source
    if (entry === null || source.saidLast || source.isEntryTold) return false
    const { toldIn } = openLosses
    for (const table of entry.publishes)
      if (this.#wanted.has(table) && !streams.has(table) && !toldIn.has(table)) return true
    source.entryTold()
    return false
  }

  #tablesOf(source: Source): ReadonlySet<string> {
    const only = source.openLosses.onlyTables
    const { named } = this.#wanted
    if (only === null && named !== null) return named
    const all = only ?? source.entry?.publishes ?? none
    let wanted = this.#wantedOf.get(all)
    if (!wanted) {
      wanted = this.#shared.of(named === null ? all : named.intersection(new Set(all)))
      this.#wantedOf.set(all, wanted)
    }
    return wanted
  }

  /** The open losses in tables of which nothing was heard. No stream is kept for them: many scripts may die. */
  #openUnheard(source: Source): void {
    const { openLosses, streams } = source
    const tables = this.#tablesOf(source)
    if (openLosses.toldIn === tables) return
    const told: Loss[] = []
    for (const table of tables) {
      if (openLosses.toldIn.has(table) || streams.has(table)) continue
      const range = { from: source.unheardFrom, to: null }
      told.push({ table, publisher: source.identity, ...range, reason: 'gone' })
    }
    openLosses.toldOfTables(tables)
    if (told.length > 0) this.#output.losses(told, [])
  }

  #reportOpen(source: Source, stream: SubscribedStream): void {
    if (stream.openLossFrom !== undefined) return
    if (!mayBeOpen(source, stream)) return
    const from = stream.base === null ? null : stream.next
    this.#delivery.report(source, stream, { from, to: null }, 'gone')
    stream.openLoss()
  }

  /** For each stream, the last sequence of the last parcel of which any part is here. */
  #lastPartlyHere(source: Source): (stream: SubscribedStream) => number {
    const last = new Map<string, number>()
    for (const { held } of source.streams.values())
      for (const batch of held)
        for (const entry of batch.manifest)
          last.set(entry.table, Math.max(last.get(entry.table) ?? 0, entry.last))
    return (stream) => last.get(stream.table) ?? 0
  }

  #loseGaps(
    source: Source,
    upTo: (stream: SubscribedStream) => number,
    reason: 'ended' | 'gone',
  ): void {
    for (const stream of source.streams.values()) {
      const top = upTo(stream)
      if (stream.base === null && top > 0) this.#baseWithoutVector(source, stream, top, reason)
      if (stream.base !== null) stream.lose(stream.next, top, reason)
      source.settle(stream)
    }
    this.#delivery.deliver(source)
  }

  /** Its vector never came: what is held is delivered, what was before it is lost from an unknown beginning. */
  #baseWithoutVector(
    source: Source,
    stream: SubscribedStream,
    top: number,
    reason: 'ended' | 'gone',
  ): void {
    const firstHeld = stream.held.at(0)
    const first = firstHeld ? firstHeld.first : top + 1
    if (first > 1) this.#delivery.report(source, stream, { from: null, to: first - 1 }, reason)
    this.#delivery.setBase(source, stream, first - 1, true)
    source.reaches(stream, firstHeld ? lastOf(firstHeld) : top)
  }
}

/**
 * False: nothing of it is known, and its publisher did not publish the table when it died; or its publisher
 * has said how far the stream goes, and all of that is here.
 */
function mayBeOpen({ openLosses, saidLast }: Source, stream: SubscribedStream): boolean {
  const { table, known, base, next } = stream
  const { onlyTables } = openLosses
  if (saidLast && base !== null) return next <= known
  return known > 0 || onlyTables === null || onlyTables.has(table)
}
