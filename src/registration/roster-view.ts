import { isDeepStrictEqual } from 'node:util'
import type { RosterChange, RosterEntry } from '../model/roster-entry.ts'
import { isFinal, timelessEntry } from '../model/roster-entry.ts'
import type { RosterMessage, SeenRoster } from './registration-message.ts'

/** Ended processes remembered, so that a repeated message is not news: thousands of scripts a day end. */
const maxEndedRemembered = 4_096

/** `change`: news, or null. `ask`: `seen` says what is wanted instead. */
interface Applied {
  readonly change: RosterChange | null
  readonly ask: boolean
}

/** The roster as far as GENESIS_CLUSTER has told it; turns repeated messages into changes told once. */
export class RosterView {
  readonly #entries = new Map<string, RosterEntry>()
  readonly #ended = new Set<string>()
  #rest: Omit<RosterChange, 'entries' | 'letGo' | 'forgot'> | null = null
  #seen: Omit<SeenRoster, 'kept'> = { history: null, version: 0 }
  #kept = 0
  /** Of what the roster has forgotten nothing up to here is unknown to us, or that was told; null: it begins. */
  #knownUpTo: number | null = null
  /** While everything is told anew: those who have not been named, and are not in the roster if they are not. */
  #unnamed: Set<string> | null = null

  /** What the next registration says has been seen. */
  get seen(): SeenRoster {
    return { ...this.#seen, kept: this.#kept }
  }

  get(incarnation: string): RosterEntry | undefined {
    return this.#entries.get(incarnation)
  }

  /**
   * A message that does not join on to what is known (another history, or a part missing between)
   * is asked for again. So is everything where the roster has forgotten what we have not seen.
   */
  apply(message: RosterMessage): Applied {
    const { history, since, version } = message
    if (since === 0 && history !== this.#seen.history) this.#begin(history)
    if (history !== this.#seen.history) {
      this.#begin(history)
      return { change: null, ask: true }
    }
    this.#kept = Math.max(this.#kept, message.kept)
    if (since > this.#seen.version) return { change: null, ask: true }
    if (version <= this.#seen.version && version > 0) return { change: null, ask: false }
    const { forgottenUpTo } = message
    const forgot = this.#knownUpTo !== null && forgottenUpTo > this.#knownUpTo
    this.#seen = { history, version }
    this.#knownUpTo = Math.max(this.#knownUpTo ?? 0, version, forgottenUpTo)
    const change = this.#news(message, forgot)
    if (forgot) this.#askForAll(history)
    return { change, ask: forgot }
  }

  /** Whoever knew the old history is told of the new one: what it has forgotten is part of that. */
  #begin(history: string): void {
    this.#seen = { history, version: 0 }
    this.#kept = 0
    this.#knownUpTo = null
    this.#unnamed = null
  }

  /** Who has ended unseen and is forgotten is named no more: that shows only where all are named. */
  #askForAll(history: string): void {
    this.#seen = { history, version: 0 }
    const known = [...this.#entries.values()].filter(({ state }) => state !== 'ended')
    this.#unnamed = new Set(known.map(({ incarnation }) => incarnation))
  }

  #news({ change, more }: RosterMessage, forgot: boolean): RosterChange | null {
    const { entries, letGo: said = [], ...rest } = change
    const news = entries.filter((entry) => this.#take(entry))
    const letGo = [...said, ...(more ? [] : this.#leftOut(change))]
    const gone = letGo.filter((incarnation) => this.#letGo(incarnation))
    const isNews = news.length > 0 || gone.length > 0 || forgot
    if (!isNews && isDeepStrictEqual(rest, this.#rest)) return null
    this.#rest = rest
    return {
      entries: news,
      ...rest,
      ...(gone.length > 0 && { letGo: gone }),
      ...(forgot && { forgot }),
    }
  }

  /** Of nodes that are out of reach the roster may not know all yet. */
  #leftOut({ settled, histories, unreachable }: RosterChange): string[] {
    if (this.#unnamed === null || !settled) return []
    const nodes = new Set(histories.map(({ node }) => node))
    for (const name of unreachable) nodes.delete(name)
    const leftOut = [...this.#unnamed].filter((incarnation) =>
      nodes.has(this.#entries.get(incarnation)?.node ?? ''),
    )
    this.#unnamed = null
    return leftOut
  }

  /** True when it says something new. Who has said that it ended stays as it ended. */
  #take(entry: RosterEntry): boolean {
    this.#unnamed?.delete(entry.incarnation)
    const known = this.#entries.get(entry.incarnation)
    if (known !== undefined && (isFinal(known) || isSame(known, entry))) return false
    this.#entries.set(entry.incarnation, entry)
    this.#ended.delete(entry.incarnation)
    if (entry.state === 'ended') this.#forgetOldest(entry.incarnation)
    return true
  }

  #letGo(incarnation: string): boolean {
    const known = this.#entries.get(incarnation)
    return known !== undefined && known.state !== 'ended' && this.#entries.delete(incarnation)
  }

  #forgetOldest(ended: string): void {
    this.#ended.add(ended)
    if (this.#ended.size <= maxEndedRemembered) return
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest)
      this.#entries.delete(oldest)
      return
    }
  }
}

const isSame = (one: RosterEntry, other: RosterEntry): boolean =>
  isDeepStrictEqual(timelessEntry(one), timelessEntry(other))
