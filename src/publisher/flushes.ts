import type { TableSequence } from '../model/message.ts'
import { type Tables, wantsTable } from '../model/request.ts'

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

interface KnownSubscriber {
  /** What the roster says; null: it has not said anything yet. */
  onRoster: Tables | null
  /** What it has synced for and the roster may not know yet. */
  synced: Tables
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
  #flushes: Flush[] = []

  get isWaiting(): boolean {
    return this.#flushes.length > 0
  }

  get deadline(): number {
    return Math.min(Infinity, ...this.#flushes.map((flush) => flush.until))
  }

  knows(subscriber: string): boolean {
    return this.#subscribers.has(subscriber)
  }

  /** All tables that a process subscribes to, by the roster. */
  onRoster(subscriber: string, tables: Tables): void {
    this.#without.delete(subscriber)
    this.#known(subscriber).onRoster = tables
  }

  /**
   * One subscription of a process asks, perhaps before the roster tells of it; or long after, where
   * this process stood still: nobody waits for the dead.
   */
  onSync(subscriber: string, tables: Tables, now: number): void {
    if (this.#without.get(subscriber)) return
    const known = this.#known(subscriber)
    if (this.#without.has(subscriber)) known.onRoster ??= []
    known.synced = union(known.synced, tables)
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
    known.heardAt = now
    for (const { table, last } of streams)
      known.confirmed.set(table, Math.max(last, known.confirmed.get(table) ?? 0))
  }

  start(flush: Flush): void {
    this.#flushes.push(flush)
  }

  /** None waits beyond this time, whatever it was started with. */
  shorten(until: number): void {
    for (const flush of this.#flushes) flush.until = Math.min(flush.until, until)
  }

  /** Ends the flushes whose target everybody has confirmed, or whose time is up. */
  check(now: number, haveLeft: (target: readonly TableSequence[]) => boolean): void {
    if (this.#flushes.length === 0) return
    const ended: [Flush, FlushOutcome][] = []
    this.#flushes = this.#flushes.filter((flush) => {
      const { confirmed, missing } = this.#outcome(flush.target, now)
      if (now < flush.until && (missing.length > 0 || !haveLeft(flush.target))) return true
      ended.push([flush, { confirmed, missing }])
      return false
    })
    for (const [flush, outcome] of ended) flush.done(outcome)
  }

  #known(subscriber: string): KnownSubscriber {
    let known = this.#subscribers.get(subscriber)
    if (!known) {
      known = {
        onRoster: null,
        synced: [],
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
      const hasAll = wanted.every(({ table, last }) => (known.confirmed.get(table) ?? 0) >= last)
      if (hasAll) confirmed.push(subscriber)
      else missing.push(subscriber)
    }
    return { confirmed, missing }
  }
}

function isWanted(known: KnownSubscriber, table: string, now: number) {
  const { onRoster, synced, syncedAt, heardAt } = known
  if (onRoster && wantsTable(onRoster, table)) return true
  const counts = now - (onRoster === null ? heardAt : syncedAt) < rosterFollowsMs
  return counts && wantsTable(synced, table)
}

const union = (one: Tables, other: Tables): Tables =>
  one === '*' || other === '*' ? '*' : [...new Set([...one, ...other])]
