import type { RosterEntry } from '../../model/roster-entry.ts'
import { isFinal } from '../../model/roster-entry.ts'
import type { SeenRoster } from '../../registration/registration-message.ts'
import type { RosterPart } from '../../model/roster-entry.ts'
import { goneKeptMs } from './registry.ts'

/**
 * How long processes known from an earlier life of a node's roster may take to come up in the new
 * one, milliseconds: the silence after which a process counts as gone.
 */
export const confirmWithinMs = 10_000

/** What is new of another node's processes: a part of its roster says it, or the time that has passed. */
export interface RosterGain {
  /** The entries that hold from now on. */
  readonly entries: readonly RosterEntry[]
  /** Incarnations that the node no longer knows, or has not named for an hour, and whose end nobody knows. */
  readonly letGo: readonly string[]
  /** Publishers of that node may have come and ended unseen by ours. */
  readonly forgot: boolean
}

const nothing: RosterGain = { entries: [], letGo: [], forgot: false }

/** Up to where a node's roster is known, as the file of the last run says. */
export interface SeenRemote {
  readonly history: string
  readonly version: number
}

/** What another node has told of its own processes, and what of it still holds. */
export class RemoteRoster {
  readonly node: string
  #history: string | null = null
  #version = 0
  /** The whole roster has come once since this node was first heard. */
  #complete = false
  /** Of what the node has forgotten nothing up to here is unknown to us, or that was taken note of. */
  #knownUpTo = 0
  /** What the node has said that its own file holds, under this history. */
  #keptThere = 0
  readonly #kept: SeenRemote | null
  readonly #told = new Map<string, RosterEntry>()
  /** Entries of an earlier history, until a later one names them; since when none does. */
  readonly #unconfirmed = new Map<string, number>()
  /** While everything is told anew: those who have not been named yet. */
  #unnamed: Set<string> | null = null

  constructor(node: string, kept: SeenRemote | null = null) {
    this.node = node
    this.#kept = kept
  }

  get history(): string | null {
    return this.#history
  }

  get complete(): boolean {
    return this.#complete
  }

  /** What to ask with. */
  get seen(): SeenRoster {
    const history = this.#history ?? this.#kept?.history ?? null
    const kept = this.#history === null ? (this.#kept?.version ?? 0) : this.#keptThere
    return { history, version: this.#version, kept }
  }

  /** For the file: what was known when it was written; null: nothing is. */
  get known(): SeenRemote | null {
    if (this.#history === null || !this.#complete) return this.#kept
    return { history: this.#history, version: Math.max(this.#version, this.#knownUpTo) }
  }

  /** A part out of order changes nothing. */
  take(history: string, part: RosterPart, now: number): RosterGain {
    let forgot = false
    if (history !== this.#history) {
      if (part.since !== 0) return nothing
      forgot = this.#beginHistory(history, now)
    } else if (part.since > this.#version) return nothing
    this.#keptThere = Math.max(this.#keptThere, part.kept)
    if (part.version < this.#version) return nothing
    const missed = part.forgottenUpTo > this.#knownUpTo
    this.#version = part.version
    this.#knownUpTo = Math.max(this.#knownUpTo, part.version, part.forgottenUpTo)
    if (!part.more) this.#complete = true
    const entries = part.change.entries.filter((entry) => this.#take(entry))
    const letGo = this.#letGo(part)
    // Who has ended unseen and is forgotten is named no more: that shows only where all are named.
    if (missed && part.since > 0) this.askForAll()
    return { entries, letGo, forgot: forgot || missed }
  }

  /** From now on everything is asked for; whoever is not named then is let go. */
  askForAll(): void {
    this.#version = 0
    const known = [...this.#told.values()].filter(({ state }) => state !== 'ended')
    this.#unnamed = new Set(known.map(({ incarnation }) => incarnation))
  }

  /** Membership has lost the node: touch is lost with all its processes. */
  lost(): RosterEntry[] {
    return [...this.#told.values()].map((entry) => outOfTouch(entry))
  }

  /** Its node is no more: those whose end nobody knows. */
  letGo(): string[] {
    return [...this.#told.values()].flatMap((entry) =>
      entry.state === 'ended' ? [] : entry.incarnation,
    )
  }

  /** Membership hears the node again: what it has told holds again. */
  found(): RosterEntry[] {
    return [...this.#told.values()]
  }

  /**
   * Entries that an amnesic roster has not named in time are out of touch, and let go after as long as a node
   * keeps its own that are silent: else each life of a node without its file would leave all of the last one.
   */
  tick(now: number): RosterGain {
    const entries: RosterEntry[] = []
    const letGo: string[] = []
    for (const [incarnation, since] of this.#unconfirmed) {
      const entry = this.#told.get(incarnation)
      if (!entry) continue
      if (now - since >= goneKeptMs) {
        this.#unconfirmed.delete(incarnation)
        this.#told.delete(incarnation)
        letGo.push(incarnation)
      } else if (now - since >= confirmWithinMs && entry.state !== 'gone') {
        this.#told.set(incarnation, outOfTouch(entry))
        entries.push(outOfTouch(entry))
      }
    }
    return { entries, letGo, forgot: false }
  }

  /** Forgets entries that the cluster's roster has let go. */
  keepOnly(has: (incarnation: string) => boolean): void {
    for (const [incarnation, entry] of this.#told) {
      if (entry.state === 'ended' && !has(incarnation)) this.#told.delete(incarnation)
    }
  }

  #take(entry: RosterEntry): boolean {
    if (entry.node !== this.node) return false
    this.#unnamed?.delete(entry.incarnation)
    const known = this.#told.get(entry.incarnation)
    if (known !== undefined && isFinal(known)) return false
    this.#told.set(entry.incarnation, entry)
    this.#unconfirmed.delete(entry.incarnation)
    return true
  }

  #letGo({ change, more }: RosterPart): string[] {
    const letGo = new Set(change.letGo)
    if (!more) {
      for (const incarnation of this.#unnamed ?? []) letGo.add(incarnation)
      this.#unnamed = null
    }
    return [...letGo].filter((incarnation) => {
      const known = this.#told.get(incarnation)
      if (!known || known.state === 'ended') return false
      this.#unconfirmed.delete(incarnation)
      return this.#told.delete(incarnation)
    })
  }

  /** True: another history was known, of us or of our last run. */
  #beginHistory(history: string, now: number): boolean {
    const known = this.#history ?? this.#kept?.history ?? null
    const goesOn = this.#history === null && known === history
    this.#knownUpTo = goesOn ? (this.#kept?.version ?? 0) : 0
    this.#history = history
    this.#keptThere = goesOn ? (this.#kept?.version ?? 0) : 0
    this.#version = 0
    this.#complete = false
    this.#unnamed = null
    for (const [incarnation, entry] of this.#told) {
      if (entry.state !== 'ended' && !this.#unconfirmed.has(incarnation))
        this.#unconfirmed.set(incarnation, now)
    }
    return known !== null && known !== history
  }
}

const outOfTouch = (entry: RosterEntry): RosterEntry =>
  entry.state === 'ended' ? entry : { ...entry, state: 'gone' }
