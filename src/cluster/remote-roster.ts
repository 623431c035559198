import type { RosterEntry } from '../model/roster.ts'
import { isFinal } from '../model/roster.ts'
import type { RosterPart } from './roster.ts'

/**
 * How long processes known from an earlier life of a node's roster may take to come up in the new
 * one, milliseconds: the silence after which a process counts as gone.
 */
export const confirmWithinMs = 10_000

/** What another node has told of its own processes, and what of it still holds. */
export class RemoteRoster {
  readonly node: string
  #history: string | null = null
  #version = 0
  /** The whole roster has come once since this node was first heard. */
  #complete = false
  readonly #told = new Map<string, RosterEntry>()
  /** Entries of an earlier history, until the new one names them. */
  #unconfirmed = new Map<string, number>()

  constructor(node: string) {
    this.node = node
  }

  get history(): string | null {
    return this.#history
  }

  get complete(): boolean {
    return this.#complete
  }

  /** What to ask with. */
  get seen(): { history: string | null; version: number } {
    return { history: this.#history, version: this.#version }
  }

  /** Takes a part; returns the entries that hold from now on. A part out of order changes nothing. */
  take(history: string, part: RosterPart, now: number): RosterEntry[] {
    if (history !== this.#history) {
      if (part.since !== 0) return []
      this.#beginHistory(history, now)
    } else if (part.since > this.#version && part.since !== 0) {
      return []
    }
    if (part.version < this.#version) return []
    this.#version = part.version
    if (!part.more) this.#complete = true
    const changed: RosterEntry[] = []
    for (const entry of part.change.entries) {
      if (entry.node !== this.node) continue
      const known = this.#told.get(entry.incarnation)
      if (known !== undefined && isFinal(known)) continue
      this.#told.set(entry.incarnation, entry)
      this.#unconfirmed.delete(entry.incarnation)
      changed.push(entry)
    }
    return changed
  }

  /** Membership has lost the node: touch is lost with all its processes. */
  lost(): RosterEntry[] {
    return [...this.#told.values()].map((entry) => outOfTouch(entry))
  }

  /** Membership hears the node again: what it has told holds again. */
  found(): RosterEntry[] {
    return [...this.#told.values()]
  }

  /** Entries that an amnesic roster has not named in time are out of touch. */
  tick(now: number): RosterEntry[] {
    const changed: RosterEntry[] = []
    for (const [incarnation, since] of this.#unconfirmed) {
      if (now - since < confirmWithinMs) continue
      this.#unconfirmed.delete(incarnation)
      const entry = this.#told.get(incarnation)
      if (!entry || entry.state === 'ended') continue
      this.#told.set(incarnation, outOfTouch(entry))
      changed.push(outOfTouch(entry))
    }
    return changed
  }

  /** Forgets entries that the cluster's roster has let go. */
  keepOnly(has: (incarnation: string) => boolean): void {
    for (const [incarnation, entry] of this.#told) {
      if (entry.state === 'ended' && !has(incarnation)) this.#told.delete(incarnation)
    }
  }

  #beginHistory(history: string, now: number): void {
    this.#history = history
    this.#version = 0
    this.#complete = false
    this.#unconfirmed = new Map()
    for (const [incarnation, entry] of this.#told) {
      if (entry.state !== 'ended') this.#unconfirmed.set(incarnation, now)
    }
  }
}

const outOfTouch = (entry: RosterEntry): RosterEntry =>
  entry.state === 'ended' ? entry : { ...entry, state: 'gone' }
