import type { TableSequence } from '../model/message.ts'
import type { Tables } from '../model/request.ts'

/** How a flush ended: who has everything that was published before it, and who has not. */
export interface FlushOutcome {
  readonly confirmed: readonly string[]
  readonly missing: readonly string[]
}

interface Flush {
  readonly target: readonly TableSequence[]
  until: number
  done(outcome: FlushOutcome): void
}

/** A flush that waits. */
interface WaitingFlush extends Flush {
  /** Of each subscriber that was looked at: how far in the target. */
  readonly reached: Map<KnownSubscriber, Reached>
}

/** All before `at` is confirmed, or not wanted by a subscriber that wanted this. */
interface Reached {
  at: number
  wants: number
}

type TableSet = ReadonlySet<string> | '*'

interface KnownSubscriber {
  /** What the roster says; null: it has not said anything yet. */
  onRoster: TableSet | null
  /** What it has synced for and the roster may not know yet. */
  synced: TableSet
  /** Counts the times at which it may have come to want more than before. */
  wants: number
  syncedAt: number
  /** When it last synced or confirmed: nobody waits for who is silent and on no roster. */
  heardAt: number
  readonly confirmed: Map<string, number>
}

/** By then the roster has what was synced for, unless it is subscribed no longer. */
const rosterFollowsMs = 10_000

/** Processes without subscriptions that are remembered: more than the roster keeps of the ended. */
const maxRemembered = 10_000

/** The subscribers of this publisher, what they have confirmed, and the flushes that wait for it. */
export class Flushes {
  readonly #subscribers = new Map<string, KnownSubscriber>()
  /** Of processes that subscribe to nothing by the roster: whether they have ended. */
  readonly #without = new Map<string, boolean>()
  /** The oldest first: what one waits for, each later one waits for, too. */
  #flushes: WaitingFlush[] = []
  #deadline = Infinity

  get isWaiting(): boolean {
    return this.#flushes.length > 0
  }

  get deadline(): number {
    return this.#deadline
  }

  knows(subscriber: string): boolean {
    return this.#subscribers.has(subscriber)
  }

  /** All tables that a process subscribes to, by the roster. */
  onRoster(subscriber: string, tables: Tables): void {
    this.#without.delete(subscriber)
    const known = this.#known(subscriber)
    known.onRoster = setOf(tables)
    known.wants++
  }

  /**
   * One subscription of a process asks, perhaps before the roster tells of it; or long after, where
   * this process stood still: nobody waits for the dead.
   */
  onSync(subscriber: string, tables: Tables, now: number): void {
    if (this.#without.get(subscriber)) return
    const known = this.#known(subscriber)
    if (this.#without.has(subscriber)) known.onRoster ??= new Set()
    known.synced = union(known.synced, tables)
    known.wants++
    known.syncedAt = now
    known.heardAt = now
  }

  /** It has ended, or subscribes to nothing. */
  removeSubscriber(subscriber: string, hasEnded: boolean): void {
    this.#subscribers.delete(subscriber)
    this.#without.delete(subscriber)
    this.#without.set(subscriber, hasEnded)
    if (this.#without.size <= maxRemembered) return
    const [oldest] = this.#without.keys()
    this.#without.delete(oldest as string)
  }

  confirm(subscriber: string, streams: readonly TableSequence[], now: number): void {
    const known = this.#subscribers.get(subscriber)
    if (!known) return
    // Who was silent for so long was waited for no more.
    if (now - known.heardAt >= rosterFollowsMs) known.wants++
    known.heardAt = now
    for (const { table, last } of streams)
      known.confirmed.set(table, Math.max(last, known.confirmed.get(table) ?? 0))
  }

  start(flush: Flush): void {
    this.#flushes.push({ ...flush, reached: new Map() })
    this.#deadline = Math.min(this.#deadline, flush.until)
  }

  /** None waits beyond this time, whatever it was started with. */
  shorten(until: number): void {
    for (const flush of this.#flushes) {
      flush.until = Math.min(flush.until, until)
      this.#deadline = Math.min(this.#deadline, flush.until)
    }
  }

  /** Ends the flushes whose target everybody has confirmed, or whose time is up. */
  check(now: number, haveLeft: (target: readonly TableSequence[]) => boolean): void {
    if (this.#flushes.length === 0) return
    const ended: [Flush, FlushOutcome][] = []
    let waits =
      this.#flushes.length > 0 && this.#waits(this.#flushes[0] as WaitingFlush, now, haveLeft)
    if (waits && now < this.#deadline) return
    this.#flushes = this.#flushes.filter((flush) => {
      waits ||= this.#waits(flush, now, haveLeft)
      if (waits && now < flush.until) return true
      const { confirmed, missing } = this.#outcome(flush.target, now)
      ended.push([flush, { confirmed, missing }])
      return false
    })
    this.#deadline = this.#flushes.reduce((least, { until }) => Math.min(least, until), Infinity)
    for (const [flush, outcome] of ended) flush.done(outcome)
  }

  #waits(
    flush: WaitingFlush,
    now: number,
    haveLeft: (target: readonly TableSequence[]) => boolean,
  ): boolean {
    for (const known of this.#subscribers.values())
      if (!this.#hasConfirmed(flush, known, now)) return true
    return !haveLeft(flush.target)
  }

  /** Goes on where it stopped the last time: a confirmation is never taken back. */
  #hasConfirmed({ target, reached }: WaitingFlush, known: KnownSubscriber, now: number): boolean {
    let progress = reached.get(known)
    if (!progress || progress.wants !== known.wants) {
      progress = { at: 0, wants: known.wants }
      reached.set(known, progress)
    }
    for (; progress.at < target.length; progress.at++) {
      const stream = target[progress.at] as TableSequence
      if (isWanted(known, stream.table, now) && !isConfirmed(known, stream)) return false
    }
    return true
  }

  #known(subscriber: string): KnownSubscriber {
    let known = this.#subscribers.get(subscriber)
    if (!known) {
      known = {
        onRoster: null,
        synced: new Set(),
        wants: 0,
        syncedAt: -Infinity,
        heardAt: -Infinity,
        confirmed: new Map(),
      }
      this.#subscribers.set(subscriber, known)
    }
    return known
  }

  /** As it stands now. Who wants none of these tables is in neither list. */
  #outcome(target: readonly TableSequence[], now: number): FlushOutcome {
    const confirmed: string[] = []
    const missing: string[] = []
    for (const [subscriber, known] of this.#subscribers) {
      const wanted = target.filter(({ table }) => isWanted(known, table, now))
      if (wanted.length === 0) continue
      const hasAll = wanted.every((stream) => isConfirmed(known, stream))
      if (hasAll) confirmed.push(subscriber)
      else missing.push(subscriber)
    }
    return { confirmed, missing }
  }
}

const isConfirmed = ({ confirmed }: KnownSubscriber, { table, last }: TableSequence): boolean =>
  (confirmed.get(table) ?? 0) >= last

function isWanted(known: KnownSubscriber, table: string, now: number) {
  const { onRoster, synced, syncedAt, heardAt } = known
  if (onRoster && wants(onRoster, table)) return true
  const counts = now - (onRoster === null ? heardAt : syncedAt) < rosterFollowsMs
  return counts && wants(synced, table)
}

const wants = (tables: TableSet, table: string): boolean => tables === '*' || tables.has(table)

const setOf = (tables: Tables): TableSet => (tables === '*' ? '*' : new Set(tables))

const union = (one: TableSet, other: Tables): TableSet =>
  one === '*' || other === '*' ? '*' : one.union(new Set(other))
