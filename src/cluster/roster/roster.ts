import type { RosterChange, RosterEntry, RosterPart } from '../../model/roster-entry.ts'
import { couldHavePublished, isFinal, timelessEntry } from '../../model/roster-entry.ts'
import { withPorts } from '../../registration/registration-shape.ts'

/** How long an ended entry is kept, milliseconds: whoever was cut off learns its last numbers. */
export const endedKeptMs = 10 * 60_000

/**
 * Ended entries kept at most, the newest: ten scripts a second for ten minutes would be six
 * thousand, told to each process that starts.
 */
export const maxEndedEntries = 2_000

/** Bytes of the entries in one part: with its wrapping it fits one registration message. */
export const maxPartBytes = 512 * 1024

interface Versioned {
  readonly entry: RosterEntry
  readonly json: string
  readonly bytes: number
  readonly version: number
  /** When its end came to our knowledge; null: it has not ended. */
  readonly endedAt: number | null
  /** How long before that it had ended at least, milliseconds. */
  readonly endedMsBefore: number
}

/** An entry, and the version that it was told with. */
export interface SavedEntry {
  readonly entry: RosterEntry
  readonly version: number
}

/** Up to which version an entry of somebody who may have published was let go; 0: none was. */
export interface Forgotten {
  /** Of any node: what processes are told. */
  readonly all: number
  /** Of this node's own: what other nodes are told. */
  readonly own: number
}

/** What is left of an entry that was let go without an end: those who know it shall let it go, too. */
interface Tombstone {
  readonly version: number
  readonly at: number
  readonly isOwn: boolean
}

/** What of the roster somebody is told. */
interface Share {
  readonly upTo: number
  readonly forgottenUpTo: number
  readonly letGo: readonly string[]
  readonly unreachable: readonly string[]
  readonly wants: (entry: RosterEntry) => boolean
}

/** Between the own version that a file had and the first of the run that began with it; both are kept. */
export interface VersionGap {
  readonly after: number
  readonly before: number
}

/** Restarts behind which a file out of a backup is still found out. */
const maxGaps = 100

/** Those of a run that begins with `version`, out of the file of an earlier one. */
export const gapsOf = (
  { own, gaps }: { readonly own: number; readonly gaps: readonly VersionGap[] },
  version: number,
): VersionGap[] => [...gaps, { after: own, before: version }].slice(-maxGaps)

/**
 * The processes of the cluster as versioned state: whoever was away asks for what changed after the
 * version it has seen. An explicit end is final, and that an entry is absent says nothing; but that
 * one was let go which somebody has not seen is told him, by its version.
 */
export class Roster {
  readonly node: string
  #history: string
  #version: number
  #ownVersion: number
  /** By incarnation, in the order of their versions. */
  readonly #entries = new Map<string, Versioned>()
  readonly #tombstones = new Map<string, Tombstone>()
  readonly #histories = new Map<string, string>()
  readonly #gaps: readonly VersionGap[]
  #forgotten: Forgotten
  #settled = false
  #unreachable: readonly string[] = []

  /** `version`: beyond all that earlier runs can have told; `gaps`: of this run and the earlier ones. */
  constructor(
    node: string,
    history: string,
    version: number,
    forgotten: Forgotten = { all: 0, own: 0 },
    gaps: readonly VersionGap[] = [],
  ) {
    this.#gaps = gaps
    this.#forgotten = forgotten
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

  /** Own versions that no file had, the oldest first. */
  get gaps(): readonly VersionGap[] {
    return this.#gaps
  }

  get forgotten(): Forgotten {
    return this.#forgotten
  }

  /**
   * False: who was told so much knows of changes that our file does not have. It is older than that, and what
   * has ended since is nowhere.
   */
  hasKept(kept: number): boolean {
    if (kept > this.#ownVersion) return false
    return !this.#gaps.some(({ after, before }) => kept > after && kept < before)
  }

  get(incarnation: string): RosterEntry | undefined {
    return this.#entries.get(incarnation)?.entry
  }

  entries(): RosterEntry[] {
    return [...this.#entries.values()].map(({ entry }) => entry)
  }

  /** This node's own, in the order of versions. */
  ownEntries(now: number): SavedEntry[] {
    return this.#saved(now, ({ node }) => node === this.node)
  }

  /** What of other nodes is to be kept: a process of ours that was away may not know that they have ended. */
  foreignEndings(now: number): SavedEntry[] {
    return this.#saved(
      now,
      (entry) => entry.node !== this.node && entry.state === 'ended' && couldHavePublished(entry),
    )
  }

  /** What has changed since that one did; nothing if it is not here. */
  changedAfter(incarnation: string): RosterEntry[] {
    const all = this.entries()
    const place = all.findIndex((entry) => entry.incarnation === incarnation)
    return place === -1 ? [] : all.slice(place + 1)
  }

  /**
   * An entry of the last run, under the version that it was told with: who has seen that is told
   * nothing, and knows it when it is forgotten. In the order of versions, before anything is put.
   */
  restore({ entry: told, version }: SavedEntry, now: number): void {
    const entry = timelessEntry(told)
    const json = JSON.stringify(withPorts(entry))
    const endedAt = entry.state === 'ended' ? now : null
    const endedMsBefore = told.endedMsAgo ?? 0
    const bytes = Buffer.byteLength(json)
    this.#entries.set(entry.incarnation, {
      entry,
      json,
      bytes,
      version,
      endedAt,
      endedMsBefore,
    })
  }

  /** False: nothing changed, or the entry has ended by its own word. */
  put(told: RosterEntry, now: number): boolean {
    const entry = timelessEntry(told)
    const known = this.#entries.get(entry.incarnation)
    if (known !== undefined && isFinal(known.entry)) return false
    const json = JSON.stringify(withPorts(entry))
    if (known?.json === json) return false
    this.#version += 1
    this.#entries.delete(entry.incarnation)
    const endedAt = entry.state === 'ended' ? now : null
    const endedMsBefore = told.endedMsAgo ?? 0
    const bytes = Buffer.byteLength(json)
    const version = this.#version
    if (entry.node === this.node) this.#ownVersion = version
    this.#tombstones.delete(entry.incarnation)
    this.#entries.set(entry.incarnation, {
      entry,
      json,
      bytes,
      version,
      endedAt,
      endedMsBefore,
    })
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

  forgetHistory(node: string): void {
    if (this.#histories.delete(node)) this.#stand()
  }

  settle(settled: boolean, unreachable: readonly string[]): void {
    const same = JSON.stringify(unreachable) === JSON.stringify(this.#unreachable)
    if (settled === this.#settled && same) return
    this.#settled = settled
    this.#unreachable = unreachable
    this.#stand()
  }

  /** The parts that bring whoever has seen `version` up to now; none when it has seen all. */
  changesSince(version: number, now: number): RosterPart[] {
    return this.#parts(version, now, {
      upTo: this.#version,
      forgottenUpTo: this.#forgotten.all,
      letGo: this.#letGoSince(version, false),
      unreachable: this.#unreachable,
      wants: () => true,
    })
  }

  /** The same for another node, which is told of this node's processes alone. */
  ownChangesSince(version: number, now: number): RosterPart[] {
    return this.#parts(version, now, {
      upTo: this.#ownVersion,
      forgottenUpTo: this.#forgotten.own,
      letGo: this.#letGoSince(version, true),
      unreachable: [],
      wants: ({ node }) => node === this.node,
    })
  }

  /** Lets an entry go that has not ended and is not to be waited for any longer; who knows it is told. */
  letGo(incarnation: string, now: number): void {
    const known = this.#entries.get(incarnation)
    if (!known || known.endedAt !== null) return
    this.#forget(known)
    this.#version += 1
    const isOwn = known.entry.node === this.node
    if (isOwn) this.#ownVersion = this.#version
    this.#tombstones.set(incarnation, { version: this.#version, at: now, isOwn })
  }

  /** Another node has forgotten what we have not seen of it: so have we, for whoever was there before. */
  noteForgotten(): void {
    this.#version += 1
    this.#forgotten = { ...this.#forgotten, all: this.#version }
  }

  /** Forgets what ended long ago. */
  expire(now: number): void {
    const ended = [...this.#entries.values()].filter(({ endedAt }) => endedAt !== null)
    const surplus = ended.length - maxEndedEntries
    for (const [place, known] of ended.entries()) {
      const { endedAt } = known
      if (place < surplus || (endedAt ?? now) + endedKeptMs <= now) this.#forget(known)
    }
    for (const [incarnation, { at }] of this.#tombstones) {
      const isOld = at + endedKeptMs <= now || this.#tombstones.size > maxEndedEntries
      if (!isOld) break
      this.#tombstones.delete(incarnation)
    }
  }

  #saved(now: number, wanted: (entry: RosterEntry) => boolean): SavedEntry[] {
    return [...this.#entries.values()]
      .filter(({ entry }) => wanted(entry))
      .map((known) => ({ entry: agedEntry(known, now), version: known.version }))
  }

  #forget({ entry, version }: Versioned): void {
    this.#entries.delete(entry.incarnation)
    if (!couldHavePublished(entry)) return
    const { all, own } = this.#forgotten
    const isOwn = entry.node === this.node
    this.#forgotten = {
      all: Math.max(all, version),
      own: isOwn ? Math.max(own, version) : own,
    }
  }

  #letGoSince(since: number, onlyOwn: boolean): string[] {
    return [...this.#tombstones]
      .filter(([, { version, isOwn }]) => version > since && (isOwn || !onlyOwn))
      .map(([incarnation]) => incarnation)
  }

  #parts(version: number, now: number, share: Share): RosterPart[] {
    const { upTo, forgottenUpTo, letGo, unreachable, wants } = share
    const kept = this.#ownVersion
    if (version === upTo) return []
    // A version of the future is of another life of this history: its owner begins again.
    let since = version > upTo ? 0 : version
    const parts: RosterPart[] = []
    let entries: RosterEntry[] = []
    let held = 0
    let last = since
    const close = () => {
      const change = this.#change(entries)
      parts.push({ since, version: last, forgottenUpTo, kept, change, more: true })
      since = last
      entries = []
      held = 0
    }
    for (const known of this.#entries.values()) {
      const { entry, bytes, version: changed } = known
      if (changed <= since || !wants(entry)) continue
      if (entries.length > 0 && held + bytes > maxPartBytes) close()
      entries.push(agedEntry(known, now))
      held += bytes
      last = changed
    }
    const tail = { settled: this.#settled, unreachable, letGo }
    if (entries.length > 0 && held + Buffer.byteLength(JSON.stringify(tail)) > maxPartBytes) close()
    const change = { ...this.#change(entries), ...tail }
    parts.push({ since, version: upTo, forgottenUpTo, kept, change, more: false })
    return parts
  }

  #change(entries: RosterEntry[]): RosterChange {
    const histories = [...this.#histories].map(([node, history]) => ({ node, history }))
    return { entries, histories, settled: false, unreachable: [], letGo: [] }
  }

  #stand(): void {
    this.#version += 1
  }
}

/** As it is told now: of what has ended, how long ago. */
const agedEntry = ({ entry, endedAt, endedMsBefore }: Versioned, now: number): RosterEntry =>
  endedAt === null ? entry : { ...entry, endedMsAgo: endedMsBefore + Math.max(0, now - endedAt) }
