import { isDeepStrictEqual } from 'node:util'
import { isIntake } from '../../../model/new-registration.ts'
import type { Registration, RosterEntry } from '../../../model/roster-entry.ts'
import { isFinal, timelessEntry } from '../../../model/roster-entry.ts'
import { presenceLimits } from './presence-limits.ts'
import type { PresenceRecord } from './presence-record.ts'

/** What is known of one process. */
export interface KnownProcess {
  readonly incarnation: string
  /** As it was said last, `alive`, `leaving` or `ended`. */
  readonly entry: RosterEntry
  readonly life: string | null
  /** `lost`: its connection has ended, and it may make it again. `gone`: it did not, for so long. */
  readonly presence: 'here' | 'lost' | 'gone'
  /** Since when it is as it is. */
  readonly since: number
  /** It has said so itself, on this connection of ours. */
  readonly isConfirmed: boolean
}

type Told = Pick<RosterEntry, 'state'> & { readonly entry: RosterEntry }

/**
 * Who is there, by what the broker keeps and what is said live. A will says only that a connection has ended, and what is
 * retained may be years old: so who is there is asked, and answers. No clock and no network: time is an argument.
 *
 * | event                 | not known          | here         | lost                   | gone         | ended                  |
 * | --------------------- | ------------------ | ------------ | ---------------------- | ------------ | ---------------------- |
 * | entry, retained       | here, unconfirmed  | news         | news                   | news         | –                      |
 * | entry, live           | here, confirmed    | confirmed    | here                   | here         | here, unless it is final |
 * | will, live            | remembered         | lost         | –                      | –            | –                      |
 * | will, retained        | remembered         | gone         | gone                   | –            | –                      |
 * | will deleted          | –                  | confirmed    | here                   | here         | –                      |
 * | `goneAfterMs`         |                    |              | gone                   |              |                        |
 * | end                   | ended              | ended        | ended                  | ended        | –                      |
 * | our connection anew   |                    | unconfirmed  | –                      | –            | –                      |
 * | told by another       | as retained        | unconfirmed: as retained | –          | –            | –                      |
 *
 * `lost` is told as alive.
 */
export class PresenceBook {
  readonly #processes = new Map<string, KnownProcess>()
  /** Wills that came before the entries. */
  readonly #wills = new Set<string>()
  readonly #told = new Map<string, Told>()

  get(incarnation: string): KnownProcess | undefined {
    return this.#processes.get(incarnation)
  }

  all(): Iterable<KnownProcess> {
    return this.#processes.values()
  }

  /** Those that may be there. */
  *living(): Generator<KnownProcess> {
    for (const known of this.#processes.values()) if (isLiving(known)) yield known
  }

  /** Somebody may be there who takes what foreign programs publish. */
  get hasIntake(): boolean {
    for (const { entry } of this.living()) if (isIntake(entry)) return true
    return false
  }

  /** Those of one name that may be there, but for the process itself. Of intakes a broker has one, on whatever node. */
  *twinsOf(own: Registration): Generator<KnownProcess> {
    for (const known of this.living()) {
      const { node, process, instance } = known.entry
      const isSame = process === own.process && instance === own.instance
      const isTwin = isSame && (node === own.node || isIntake(own))
      if (isTwin && known.incarnation !== own.incarnation) yield known
    }
  }

  /** `isLive`: it was said now, and not kept. */
  take({ entry, life }: PresenceRecord, isLive: boolean, now: number): void {
    const { incarnation } = entry
    const known = this.#processes.get(incarnation)
    const isEnd = entry.state === 'ended'
    if (known && isFinal(known.entry)) return
    if (known?.entry.state === 'ended' && !isLive && !isEnd) return
    const isBack = isLive && !isEnd
    const isWilled = this.#wills.delete(incarnation) && !isBack
    const presence = isEnd || isBack ? 'here' : isWilled ? 'gone' : (known?.presence ?? 'here')
    const isSame = known?.presence === presence && known.entry.state === entry.state
    this.#processes.set(incarnation, {
      incarnation,
      entry,
      life,
      presence,
      since: isSame ? known.since : now,
      isConfirmed: isBack || (!isEnd && (known?.isConfirmed ?? false)),
    })
    if (isEnd) this.#forgetOldest()
  }

  /** Another process says what it knows of one. What this one has said itself counts more, and what is decided stays so. */
  toldByOther(told: PresenceRecord, now: number): void {
    const { incarnation, state } = told.entry
    const known = this.#processes.get(incarnation)
    const isDecided = known && (known.isConfirmed || known.presence !== 'here')
    if (isDecided && state !== 'ended') return
    if (told.isGone) this.will(incarnation, false, now)
    this.take(told, false, now)
  }

  /** The broker says that its connection has ended. */
  will(incarnation: string, isLive: boolean, now: number): void {
    const known = this.#processes.get(incarnation)
    if (!known) {
      if (this.#wills.size < presenceLimits.mostEnded) this.#wills.add(incarnation)
      return
    }
    if (known.entry.state === 'ended' || known.presence === 'gone') return
    if (isLive && known.presence === 'lost') return
    const presence = isLive ? 'lost' : 'gone'
    this.#processes.set(incarnation, { ...known, presence, since: now, isConfirmed: false })
  }

  /** Who has returned takes its will back. */
  willDeleted(incarnation: string, now: number): void {
    this.#wills.delete(incarnation)
    const known = this.#processes.get(incarnation)
    if (!known || known.entry.state === 'ended') return
    const since = known.presence === 'here' ? known.since : now
    this.#processes.set(incarnation, { ...known, presence: 'here', since, isConfirmed: true })
  }

  /** Our own connection was made anew: who is there has to say so again. */
  reconnected(): void {
    for (const [incarnation, known] of this.#processes)
      if (known.isConfirmed) this.#processes.set(incarnation, { ...known, isConfirmed: false })
  }

  /** What is new since the last call, and who is let go. */
  news(now: number): { readonly entries: RosterEntry[]; readonly letGo: string[] } {
    const entries: RosterEntry[] = []
    const letGo: string[] = []
    for (const [incarnation, known] of this.#processes) {
      if (known.presence === 'lost' && now - known.since >= presenceLimits.goneAfterMs)
        this.#processes.set(incarnation, { ...known, presence: 'gone', since: now })
      const state = stateOf(this.#processes.get(incarnation) ?? known)
      const told = this.#told.get(incarnation)
      if (state === 'gone' && now - known.since >= presenceLimits.goneKeptMs) {
        this.#processes.delete(incarnation)
        if (this.#told.delete(incarnation)) letGo.push(incarnation)
      } else if (told?.state !== state || !isSame(told.entry, known.entry)) {
        this.#told.set(incarnation, { state, entry: known.entry })
        entries.push({ ...known.entry, state })
      }
    }
    return { entries, letGo }
  }

  #forgetOldest(): void {
    const ended = [...this.#processes.values()].filter(({ entry }) => entry.state === 'ended')
    for (const { incarnation } of ended.slice(0, -presenceLimits.mostEnded)) {
      this.#processes.delete(incarnation)
      this.#told.delete(incarnation)
    }
  }
}

const isLiving = ({ entry, presence }: KnownProcess): boolean =>
  entry.state !== 'ended' && presence !== 'gone'

function stateOf({ entry, presence }: KnownProcess): RosterEntry['state'] {
  return presence === 'gone' && entry.state !== 'ended' ? 'gone' : entry.state
}

const isSame = (one: RosterEntry, other: RosterEntry): boolean =>
  one === other || isDeepStrictEqual(timelessEntry(one), timelessEntry(other))
