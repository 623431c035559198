import type { RosterChange, RosterEntry } from '../model/roster.ts'
import { isFinal } from '../model/roster.ts'

/** How long an ended entry is kept, milliseconds: whoever was cut off learns its last numbers. */
export const endedKeptMs = 10 * 60_000

/**
 * Ended entries kept at most, the newest: ten scripts a second for ten minutes would be six
 * thousand, told to each process that starts.
 */
export const maxEndedEntries = 2_000

/** Bytes of the entries in one part: with its wrapping it fits one registration message. */
export const maxPartBytes = 512 * 1024

/** One step of the roster: the changes after version `since`, up to `version`. */
export interface RosterPart {
  readonly since: number
  readonly version: number
  readonly change: RosterChange
  /** Another part follows: nothing is settled until the last. */
  readonly more: boolean
}

interface Versioned {
  readonly entry: RosterEntry
  readonly json: string
  readonly bytes: number
  readonly version: number
  readonly endedAt: number | null
}

/**
 * The processes of the cluster as versioned state: whoever was away asks for what changed after the
 * version it has seen. An explicit end is final, and that an entry is absent says nothing.
 */
export class Roster {
  readonly node: string
  #history: string
  #version: number
  #ownVersion: number
  /** By incarnation, in the order of their versions. */
  readonly #entries = new Map<string, Versioned>()
  readonly #histories = new Map<string, string>()
  #settled = false
  #unreachable: readonly string[] = []

  constructor(node: string, history: string, version: number) {
    this.node = node
    this.#history = history
    this.#version = version
    this.#ownVersion = version
    this.setHistory(node, history)
  }

  /** One life of this roster: new when it begins without its file. */
  get history(): string {
    return this.#history
  }

  get version(): number {
    return this.#version
  }

  /** The version of the latest change of this node's own entries. */
  get ownVersion(): number {
    return this.#ownVersion
  }

  get(incarnation: string): RosterEntry | undefined {
    return this.#entries.get(incarnation)?.entry
  }

  entries(): RosterEntry[] {
    return [...this.#entries.values()].map(({ entry }) => entry)
  }

  /** Those of this node. */
  ownEntries(): RosterEntry[] {
    return this.entries().filter(({ node }) => node === this.node)
  }

  /** What has changed since that one did; nothing if it is not here. */
  changedAfter(incarnation: string): RosterEntry[] {
    const all = this.entries()
    const place = all.findIndex((entry) => entry.incarnation === incarnation)
    return place === -1 ? [] : all.slice(place + 1)
  }

  /** False: nothing changed, or the entry has ended by its own word. */
  put(entry: RosterEntry, now: number): boolean {
    const known = this.#entries.get(entry.incarnation)
    if (known !== undefined && isFinal(known.entry)) return false
    const json = JSON.stringify(entry)
    if (known?.json === json) return false
    this.#version += 1
    this.#entries.delete(entry.incarnation)
    const endedAt = entry.state === 'ended' ? now : null
    const bytes = Buffer.byteLength(json)
    const version = this.#version
    if (entry.node === this.node) this.#ownVersion = version
    this.#entries.set(entry.incarnation, { entry, json, bytes, version, endedAt })
    return true
  }

  /** What was told so far cannot be kept: everybody is told that, and everything again. */
  beginHistory(history: string): void {
    this.#history = history
    this.setHistory(this.node, history)
  }

  setHistory(node: string, history: string): void {
    if (this.#histories.get(node) === history) return
    this.#histories.set(node, history)
    this.#stand()
  }

  settle(settled: boolean, unreachable: readonly string[]): void {
    const same = JSON.stringify(unreachable) === JSON.stringify(this.#unreachable)
    if (settled === this.#settled && same) return
    this.#settled = settled
    this.#unreachable = unreachable
    this.#stand()
  }

  /** The parts that bring whoever has seen `version` up to now; none when it has seen all. */
  changesSince(version: number): RosterPart[] {
    return this.#parts(version, this.#version, () => true)
  }

  /** The same for another node, which is told of this node's processes alone. */
  ownChangesSince(version: number): RosterPart[] {
    return this.#parts(version, this.#ownVersion, ({ node }) => node === this.node)
  }

  /** Nobody is told: absence says nothing. */
  forget(incarnation: string): void {
    this.#entries.delete(incarnation)
  }

  /** Forgets what ended long ago. */
  expire(now: number): void {
    const ended = [...this.#entries.values()].filter(({ endedAt }) => endedAt !== null)
    const surplus = ended.length - maxEndedEntries
    for (const [place, { entry, endedAt }] of ended.entries()) {
      if (place < surplus || (endedAt ?? now) + endedKeptMs <= now) {
        this.#entries.delete(entry.incarnation)
      }
    }
  }

  #parts(version: number, now: number, wanted: (entry: RosterEntry) => boolean): RosterPart[] {
    if (version === now) return []
    // A version of the future is of another life of this history: its owner begins again.
    let since = version > now ? 0 : version
    const parts: RosterPart[] = []
    let entries: RosterEntry[] = []
    let held = 0
    let last = since
    for (const { entry, bytes, version: changed } of this.#entries.values()) {
      if (changed <= since || !wanted(entry)) continue
      if (entries.length > 0 && held + bytes > maxPartBytes) {
        parts.push(this.#part(since, last, entries, true))
        since = last
        entries = []
        held = 0
      }
      entries.push(entry)
      held += bytes
      last = changed
    }
    parts.push(this.#part(since, now, entries, false))
    return parts
  }

  #part(since: number, version: number, entries: RosterEntry[], more: boolean): RosterPart {
    const histories = [...this.#histories].map(([node, history]) => ({ node, history }))
    const settled = this.#settled && !more
    const change = { entries, histories, settled, unreachable: more ? [] : this.#unreachable }
    return { since, version, change, more }
  }

  #stand(): void {
    this.#version += 1
  }
}
