import { isDeepStrictEqual } from 'node:util'
import type { RosterChange, RosterEntry } from '../../model/roster.ts'
import { isFinal } from '../../model/roster.ts'
import type { RosterMessage, SeenRoster } from './registration-message.ts'

/** Ended processes remembered, so that a repeated message is not news: thousands of scripts a day end. */
const maxEndedRemembered = 4_096

/** The roster as far as GENESIS_CLUSTER has told it; turns repeated messages into changes told once. */
export class RosterView {
  readonly #entries = new Map<string, RosterEntry>()
  readonly #ended = new Set<string>()
  #rest: Omit<RosterChange, 'entries'> | null = null
  #seen: SeenRoster = { history: null, version: 0 }

  /** What the next registration says has been seen. */
  get seen(): SeenRoster {
    return this.#seen
  }

  get(incarnation: string): RosterEntry | undefined {
    return this.#entries.get(incarnation)
  }

  /**
   * `change`: news, or null. `ask`: the message does not join on to what is known (another history,
   * or a part missing between); `seen` says what is wanted instead.
   */
  apply(message: RosterMessage): { readonly change: RosterChange | null; readonly ask: boolean } {
    const { history, since, version } = message
    if (since === 0 && history !== this.#seen.history) this.#seen = { history, version: 0 }
    if (history !== this.#seen.history) {
      this.#seen = { history, version: 0 }
      return { change: null, ask: true }
    }
    if (since > this.#seen.version) return { change: null, ask: true }
    if (version <= this.#seen.version && version > 0) return { change: null, ask: false }
    this.#seen = { history, version }
    return { change: this.#news(message.change), ask: false }
  }

  #news(change: RosterChange): RosterChange | null {
    const { entries, ...rest } = change
    const news = entries.filter((entry) => this.#take(entry))
    if (news.length === 0 && isDeepStrictEqual(rest, this.#rest)) return null
    this.#rest = rest
    return { entries: news, ...rest }
  }

  /** True when it says something new. Who has said that it ended stays as it ended. */
  #take(entry: RosterEntry): boolean {
    const known = this.#entries.get(entry.incarnation)
    if (known !== undefined && (isFinal(known) || isDeepStrictEqual(known, entry))) return false
    this.#entries.set(entry.incarnation, entry)
    if (entry.state === 'ended') this.#forgetOldest(entry.incarnation)
    return true
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
