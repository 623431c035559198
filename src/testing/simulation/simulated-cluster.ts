import type { Random } from '../../base/random.ts'
import type { Registration, RosterChange, RosterEntry } from '../../model/roster-entry.ts'
import { couldHavePublished, isFinal } from '../../model/roster-entry.ts'
import type { Hub } from './hub.ts'
import type { Pipe } from './pipe.ts'
import type { SimulatedClock } from './simulated-clock.ts'

/** How much of a roster somebody has been told: of which life (0: of none), up to which version. */
export interface ToldRoster {
  readonly life: number
  readonly version: number
}

interface SavedLife extends ToldRoster {
  readonly entries: readonly RosterEntry[]
  readonly history: string
  readonly gaps: readonly Gap[]
}

/** What a run told that the file lacks with which the next one began. */
interface Gap {
  readonly after: ToldRoster
  readonly beforeLife: number
}

/** `file`: as it was at the end; `backup`: as `backUp()` found it; `none`: it is lost. */
type ReturnsWith = 'file' | 'backup' | 'none'

interface VersionedEntry {
  readonly entry: RosterEntry
  readonly version: number
}

/** What a cluster process needs of the processes and nodes around it. */
interface ClusterSurroundings {
  readonly clock: SimulatedClock
  readonly random: Random
  /** All cluster processes, this one among them. */
  readonly clusters: readonly SimulatedCluster[]
  areLinked(a: number, b: number): boolean
  /** Something changed on the roster of this node. */
  changed(node: number): void
  /** A roster has it that this process has ended. */
  ended(incarnation: string): void
  /** When the first roster had it. */
  endedAt(incarnation: string): number
  /** The roster has forgotten an end that came with this version: who of the node has not seen it? Null: nobody has. */
  forgot(cluster: SimulatedCluster, version: number | null): void
  /** It (re)started or crashed: connect what is alive, mind the links. */
  started(cluster: SimulatedCluster): void
  crashed(cluster: SimulatedCluster): void
  /** It has begun a new history: the others are told. */
  began(cluster: SimulatedCluster): void
}

/** The roster settles at the latest so long after a start; who was not heard then is named. */
const settleAtMostMs = 5000

/** What has ended is kept for so long at least, also by a roster that forgets. */
const keptAtLeastMs = 1000

/** Whoever is known from the file only has ended if it was not heard so long after a start. */
const returnsWithinMs = 10_000

/**
 * One GENESIS_CLUSTER in the simulation: its hubs, and the roster as versioned state. Whoever asks
 * gets what changed since the version that it has.
 */
export class SimulatedCluster {
  readonly node: number
  readonly hubs: readonly Hub<Pipe>[]
  isUp = false
  lives = 0
  /** When it began anew without its file; Infinity: it never did. */
  forgotAt = Infinity
  /** All those times. */
  readonly forgotAts: number[] = []
  /** Those that were on the roster when it was lost with its file, or put back, and that have not registered since: when. */
  readonly lostAt = new Map<string, number>()
  /** When another node was heard for the first time ever. */
  readonly firstHeardAt = new Map<number, number>()
  #entries = new Map<string, VersionedEntry>()
  #file: SavedLife | null = null
  #backup: SavedLife | null = null
  /** Of this run and those whose files it goes back to. */
  #gaps: readonly Gap[] = []
  #history = ''
  /** What it was told last by each other node. */
  readonly #seenOf = new Map<number, ToldRoster>()
  readonly #peerHistories = new Map<string, string>()
  #version = 0
  #settledByTime = false
  #expected = new Set<string>()
  /** Own processes that registered in this life. */
  #heard = new Set<string>()
  readonly #nameless = new Set<string>()
  #peersHeard = new Set<number>()
  /** Those let go without an end, with the version of that. */
  #letGo = new Map<string, number>()
  /** Nodes that have forgotten an end of theirs that is not known here. */
  readonly #missed = new Set<SimulatedCluster>()
  readonly #around: ClusterSurroundings

  constructor(node: number, hubs: readonly Hub<Pipe>[], around: ClusterSurroundings) {
    this.node = node
    this.hubs = hubs
    this.#around = around
  }

  get name(): string {
    return `node-${this.node}`
  }

  get isSettled(): boolean {
    const { clusters } = this.#around
    const allHeard = clusters.every((each) => each === this || this.#peersHeard.has(each.node))
    return this.isUp && (this.#settledByTime || (this.#expected.size === 0 && allHeard))
  }

  start(returnsWith: ReturnsWith): void {
    this.isUp = true
    const life = ++this.lives
    this.#version = 0
    this.#settledByTime = false
    this.#peersHeard = new Set()
    this.#expected = new Set()
    this.#heard = new Set()
    this.#entries = new Map()
    this.#letGo = new Map()
    const file = { file: this.#file, backup: this.#backup, none: null }[returnsWith]
    this.#gaps = file ? [...file.gaps, { after: file, beforeLife: life }] : []
    if (!file && life > 1) this.#beganAnew()
    if (life > 1) this.#noteLost(file?.entries ?? [])
    this.#history = file?.history ?? `${this.name} history ${life}`
    for (const entry of file?.entries ?? []) this.#put(entry)
    for (const entry of file?.entries ?? []) if (this.#isOwnAlive(entry)) this.#expect(entry, life)
    this.#later(settleAtMostMs, life, () => {
      this.#settledByTime = true
      this.#around.changed(this.node)
    })
    this.#around.started(this)
  }

  crash(): void {
    if (!this.isUp) return
    this.isUp = false
    this.#file = this.#saved
    this.#around.crashed(this)
  }

  /** Somebody copies its file. */
  backUp(): void {
    this.#backup = this.#saved
  }

  get #saved(): SavedLife {
    const entries = [...this.#entries.values()].map(({ entry }) => entry)
    const gaps = this.#gaps
    return { entries, history: this.#history, life: this.lives, version: this.#version, gaps }
  }

  /** Somebody comes who was told so much: if that is more than the file has, a new history begins. */
  meet(seen: ToldRoster | undefined): void {
    if (!seen) return
    const isLacking = this.#gaps.some(({ after, beforeLife }) => {
      const isLater =
        seen.life === after.life ? seen.version > after.version : seen.life > after.life
      return isLater && seen.life < beforeLife
    })
    if (!isLacking) return
    this.#beganAnew()
    this.#gaps = []
    this.#history = `${this.name} history ${this.lives} anew`
    this.#around.began(this)
  }

  #beganAnew(): void {
    this.forgotAt = this.#around.clock.now()
    this.forgotAts.push(this.forgotAt)
  }

  /** What was on the roster is lost, but for these. */
  #noteLost(kept: readonly RosterEntry[]): void {
    const now = this.#around.clock.now()
    const has = new Set(kept.map(({ incarnation }) => incarnation))
    for (const { incarnation } of this.#file?.entries ?? [])
      if (!has.has(incarnation)) this.lostAt.set(incarnation, now)
  }

  /** A process of this node registers, or another word of one has come. */
  apply(registration: Registration | RosterEntry, mayReturn = true): void {
    this.#expected.delete(registration.incarnation)
    const known = this.#entries.get(registration.incarnation)?.entry
    if (known !== undefined && (isFinal(known) || (known.state === 'ended' && !mayReturn))) return
    this.#put(registration)
    if (registration.state === 'ended') this.#around.ended(registration.incarnation)
    this.#around.changed(this.node)
    if (registration.node !== this.name) return
    this.#heard.add(registration.incarnation)
    const { clusters, clock, random } = this.#around
    for (const peer of clusters) {
      if (peer === this) continue
      clock.after(1 + random() * 4, () => {
        const latest = this.#entries.get(registration.incarnation)?.entry
        if (!latest || !this.#around.areLinked(this.node, peer.node)) return
        peer.apply(latest)
        peer.#seenOf.set(this.node, { life: this.lives, version: this.#version })
      })
    }
  }

  /** Another process has its name now. False: it is not known. */
  takeName(incarnation: string): boolean {
    if (!this.isUp || !this.#heard.has(incarnation)) return false
    this.#nameless.add(incarnation)
    this.markEnded(incarnation)
    return true
  }

  /** It has lost its name: refused when it comes back. */
  isNameless(incarnation: string): boolean {
    return this.#nameless.has(incarnation)
  }

  /** The connection of a process has ended: it ended without a word, unless it had left. */
  markEnded(incarnation: string): void {
    const entry = this.#entries.get(incarnation)?.entry
    if (!this.isUp || !entry || entry.state === 'ended') return
    const isHeard = entry.node !== this.name || this.#heard.has(incarnation)
    this.apply({
      ...entry,
      ...(!isHeard && { publishes: [], subscribes: [] }),
      state: 'ended',
      last: null,
    })
  }

  /** A link to another node came up: its own processes, as it knows them now. */
  takePeer(peer: SimulatedCluster): void {
    this.#peersHeard.add(peer.node)
    peer.meet(this.#seenOf.get(peer.node))
    this.#seenOf.set(peer.node, { life: peer.lives, version: peer.#version })
    if (!this.firstHeardAt.has(peer.node))
      this.firstHeardAt.set(peer.node, this.#around.clock.now())
    this.#peerHistories.set(peer.name, peer.#history)
    if (this.#missed.delete(peer)) this.#takeNote(peer)
    for (const { entry } of peer.#entries.values()) if (entry.node === peer.name) this.apply(entry)
    this.#around.changed(this.node)
  }

  /** Lets go of what has ended, as after 10 minutes or 2,000 others. Returns how many. */
  forgetEndings(): number {
    const { clock, clusters } = this.#around
    const forgotten = [...this.#entries.values()].filter(
      ({ entry }) =>
        entry.state === 'ended' &&
        couldHavePublished(entry) &&
        clock.now() - this.#around.endedAt(entry.incarnation) >= keptAtLeastMs,
    )
    for (const { entry, version } of forgotten) {
      this.#entries.delete(entry.incarnation)
      this.#around.forgot(this, version)
      if (entry.node !== this.name) continue
      for (const peer of clusters)
        if (peer !== this && !peer.#hasEnded(entry.incarnation)) peer.#missed.add(this)
    }
    return forgotten.length
  }

  /** The publishers alive, as whoever has `version` of this life knows them. */
  publishersAt(version: number): string[] {
    return [...this.#entries.values()]
      .filter(({ entry, version: at }) => at <= version && entry.publishes.length > 0)
      .filter(({ entry }) => entry.state === 'alive')
      .map(({ entry }) => entry.incarnation)
  }

  /** What changed after `version` of this life. */
  changesSince(version: number): { change: RosterChange; version: number } {
    const now = this.#around.clock.now()
    const entries = [...this.#entries.values()]
      .filter((each) => each.version > version)
      .map(({ entry }) =>
        entry.state === 'ended'
          ? { ...entry, endedMsAgo: now - this.#around.endedAt(entry.incarnation) }
          : entry,
      )
    const letGo = [...this.#letGo].filter(([, at]) => at > version).map(([each]) => each)
    const histories = [...this.#peerHistories, [this.name, this.#history] as const].map(
      ([node, history]) => ({ node, history }),
    )
    return {
      change: {
        entries,
        histories,
        settled: this.isSettled,
        unreachable: [...this.#expected],
        letGo,
      },
      version: this.#version,
    }
  }

  #hasEnded(incarnation: string): boolean {
    const known = this.isUp ? this.#entries.get(incarnation)?.entry : this.#inFile(incarnation)
    return known?.state === 'ended'
  }

  #inFile(incarnation: string): RosterEntry | undefined {
    return this.#file?.entries.find((entry) => entry.incarnation === incarnation)
  }

  /** A node has forgotten what was not known here: whoever of it is named no more is let go. */
  #takeNote(peer: SimulatedCluster): void {
    for (const [incarnation, { entry }] of this.#entries) {
      if (entry.node !== peer.name || entry.state === 'ended') continue
      if (peer.#entries.has(incarnation)) continue
      this.#entries.delete(incarnation)
      this.#letGo.set(incarnation, ++this.#version)
    }
    this.#around.forgot(this, null)
  }

  #isOwnAlive(entry: RosterEntry): boolean {
    return entry.node === this.name && (entry.state === 'alive' || entry.state === 'leaving')
  }

  #put(entry: Registration | RosterEntry): void {
    this.lostAt.delete(entry.incarnation)
    // Whoever is back is let go no longer: who asks from the beginning is told one of the two.
    this.#letGo.delete(entry.incarnation)
    this.#entries.set(entry.incarnation, { entry: { ...entry }, version: ++this.#version })
  }

  /** Known from the file, not heard yet: who does not come back in time has ended, dead or alive. */
  #expect(entry: RosterEntry, life: number): void {
    this.#expected.add(entry.incarnation)
    this.#later(returnsWithinMs, life, () => {
      if (!this.#expected.delete(entry.incarnation)) return
      this.markEnded(entry.incarnation)
    })
  }

  #later(ms: number, life: number, run: () => void): void {
    this.#around.clock.after(ms, () => {
      if (this.isUp && this.lives === life) run()
    })
  }
}
