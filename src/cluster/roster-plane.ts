import { randomId } from '../base/random.ts'
import type { Clock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { NodeState, ProcessSnapshot } from '../model/cluster-snapshot.ts'
import type { NodeMode, RosterEntry } from '../model/roster.ts'
import type { ClusterMessage, RegisterMessage } from '../transport/zeromq/registration-message.ts'
import type { OnClusterEvent } from './cluster-event.ts'
import type { LocalProcess } from './local-process.ts'
import { processSnapshot, remoteProcessSnapshot } from './local-process.ts'
import type { RosterWhisper, SeenWhisper, Whisper } from './membership/whisper.ts'
import { NodeChannel } from './node-channel.ts'
import type { PortPool } from './port-pool.ts'
import type { ProcessLiveness } from './process-liveness.ts'
import { Registry } from './registry.ts'
import type { RosterFile, SavedProcess } from './roster-file.ts'
import { assumedRegistration } from './roster-file.ts'
import { RosterKeeping } from './roster-keeping.ts'
import { Roster } from './roster.ts'
import { Settling } from './settling.ts'

/**
 * Added to the version of the last run: what that run told after its last write must not be told
 * again under the same numbers.
 */
export const restartStride = 1_000_000

export interface RosterPlaneOptions {
  readonly node: string
  readonly mode: NodeMode
  readonly ports: PortPool
  readonly liveness: ProcessLiveness
  readonly listening: () => ReadonlySet<number>
  readonly file: RosterFile
  readonly clock: Clock
  /** The other nodes that ours is linked to; empty: no update crosses, so neither do rosters. */
  readonly linkedNodes: readonly string[]
  readonly toProcess: (route: string, message: ClusterMessage) => void
  readonly toNode: (node: string, whisper: Whisper) => void
  readonly on: OnClusterEvent
}

interface Acknowledgement {
  readonly process: LocalProcess
  readonly route: string
  readonly id: number
}

/**
 * The roster plane of one node: takes registrations and the other nodes' rosters, keeps the file,
 * and tells everybody what changed. What one turn of the event loop brings is kept and told at once.
 */
export class RosterPlane {
  readonly roster: Roster
  readonly registry: Registry
  readonly #options: RosterPlaneOptions
  readonly #settling: Settling
  readonly #keeping: RosterKeeping
  readonly #channels = new Map<string, NodeChannel>()
  #acknowledgements: Acknowledgement[] = []
  #flushing = false

  constructor(options: RosterPlaneOptions) {
    this.#options = options
    const { node, file, on, clock } = options
    this.#keeping = new RosterKeeping(file, on)
    const usable = this.#keeping.load()
    const version = usable ? usable.version + restartStride : 0
    this.roster = new Roster(node, usable?.history ?? randomId(), version)
    this.registry = new Registry({ ...options, roster: this.roster })
    const awaited = this.#adopt(usable?.processes ?? [])
    this.#settling = new Settling(awaited, options.linkedNodes, clock.now())
    for (const other of options.linkedNodes) {
      const whisper = (message: Whisper) => options.toNode(other, message)
      this.#channels.set(other, new NodeChannel(other, this.roster, whisper))
    }
  }

  register(route: string | null, message: RegisterMessage): void {
    const now = this.#options.clock.now()
    const { incarnation, process, pid, state } = message.registration
    const outcome = this.registry.register(message, route, now)
    this.#reportEnds()
    if (outcome.type === 'refused') {
      const { type, code, message: why } = outcome
      this.#options.on({ type: 'process', process, pid, state: 'refused', message: why })
      if (route !== null) this.#options.toProcess(route, { type, code, message: why })
      else throw new TidingsError(code, why)
      return
    }
    this.#settling.processHeard(incarnation)
    const local = outcome.process
    if (message.seen.history !== this.roster.history) local.seen = { history: null, version: 0 }
    local.sentVersion = local.seen.version
    if (outcome.begins || state === 'ended') {
      const word = outcome.begins ? 'registered' : 'ended'
      this.#say(local, word, word === 'ended' ? 'it said so' : `pid ${pid}`)
    }
    if (route !== null) this.#acknowledgements.push({ process: local, route, id: message.id })
    this.#flushSoon()
  }

  /** A node has begun a life, or is heard again: both sides ask. */
  nodeBegan(node: string): void {
    this.#channels.get(node)?.begin()
  }

  nodeState(node: string, state: NodeState): void {
    const channel = this.#channels.get(node)
    if (!channel || state === 'suspect') return
    this.#put(state === 'alive' ? channel.remote.found() : channel.remote.lost())
    if (state === 'alive') channel.ask()
  }

  whispered(node: string, whisper: RosterWhisper | SeenWhisper): void {
    const channel = this.#channels.get(node)
    if (!channel) return
    if (whisper.type === 'seen') return channel.answer(whisper.seen)
    this.#put(channel.take(whisper, this.#options.clock.now()))
    const { history, complete } = channel.remote
    if (history !== null) this.roster.setHistory(node, history)
    if (complete) this.#settling.nodeHeard(node)
    this.#flushSoon()
  }

  /** Several times a second: a dead pid is told at once. `late`: how long this process stood still. */
  tick(late: number): void {
    const now = this.#options.clock.now()
    this.registry.tick(now, late)
    this.#reportEnds()
    this.roster.expire(now)
    for (const { remote } of this.#channels.values()) {
      remote.keepOnly((incarnation) => this.roster.get(incarnation) !== undefined)
      this.#put(remote.tick(now))
    }
    this.flush()
  }

  /** Every second: each other node is asked for what is new. */
  askNodes(): void {
    for (const channel of this.#channels.values()) channel.ask()
  }

  /** Keeps, then tells: a process that has been told is in the file. */
  flush(): void {
    this.#flushing = false
    const now = this.#options.clock.now()
    const { settled, unreachable } = this.#settling.state(now)
    this.roster.settle(settled, unreachable)
    this.#save()
    for (const { process, route, id } of this.#acknowledgements.splice(0)) {
      const { processPort } = process.registration
      const linked = this.#options.linkedNodes.length > 0
      this.#tell(route, { type: 'registered', id, processPort, linked })
    }
    for (const local of this.registry.processes()) this.#tellRoster(local)
    for (const channel of this.#channels.values()) channel.tell()
  }

  /** The processes of one node, as `mon` shows them: what has ended only where nothing follows it. */
  processes(node: string): ProcessSnapshot[] {
    const known = this.roster.entries().filter((entry) => entry.node === node)
    const lives = new Set(known.filter(({ state }) => state !== 'ended').map(nameOf))
    const entries = known.filter(
      (entry) => entry.state !== 'ended' || (entry.role === 'process' && !lives.has(nameOf(entry))),
    )
    return entries.map((entry) => {
      const local = this.registry.get(entry.incarnation)
      return local ? processSnapshot(local) : remoteProcessSnapshot(entry)
    })
  }

  #adopt(processes: readonly SavedProcess[]): Map<string, string> {
    const now = this.#options.clock.now()
    const awaited = new Map<string, string>()
    for (const { entry, identity } of processes) {
      this.roster.put(entry, now)
      if (entry.state === 'ended') continue
      const local = this.registry.adopt(assumedRegistration(entry), identity, now)
      local.state = entry.state
      awaited.set(entry.incarnation, entry.process)
      this.registry.look(local, now)
    }
    for (const { process } of this.registry.takeEnds()) {
      awaited.delete(process.registration.incarnation)
    }
    return awaited
  }

  #put(entries: Iterable<RosterEntry>): void {
    const now = this.#options.clock.now()
    let changed = false
    for (const entry of entries) changed = this.roster.put(entry, now) || changed
    if (changed) this.#flushSoon()
  }

  #reportEnds(): void {
    for (const { process: local, state, why } of this.registry.takeEnds()) {
      if (state === 'ended') this.#settling.processHeard(local.registration.incarnation)
      this.#say(local, state, why)
      this.#flushSoon()
    }
  }

  #say(local: LocalProcess, state: 'registered' | 'ended' | 'gone', why: string): void {
    const { process, pid } = local.registration
    const message = `process ${process} ${state}: ${why}`
    this.#options.on({ type: 'process', process, pid, state, message })
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => this.#flushing && this.flush())
  }

  #tellRoster(local: LocalProcess): void {
    if (local.route === null) return
    const { history } = this.roster
    for (const { more: _, ...part } of this.roster.changesSince(local.sentVersion)) {
      this.#tell(local.route, { type: 'roster', history, ...part })
      local.sentVersion = part.version
    }
  }

  /** What is too long for a message is said to the operator: nobody else can do anything about it. */
  #tell(route: string, message: ClusterMessage): void {
    try {
      this.#options.toProcess(route, message)
    } catch (error) {
      this.#options.on({ type: 'warning', message: TidingsError.from(error).message })
    }
  }

  #save(): void {
    const processes = () =>
      this.roster
        .entries()
        .filter(({ node }) => node === this.#options.node)
        .map((entry) => ({
          entry,
          identity: this.registry.get(entry.incarnation)?.identity ?? null,
        }))
    const outcome = this.#keeping.keep(this.roster, processes, this.#options.clock.now())
    if (outcome === 'begin-anew') this.#beginHistory()
  }

  /** What is told under the old history could not be told from what its file says. */
  #beginHistory(): void {
    this.roster.beginHistory(randomId())
    for (const local of this.registry.processes()) {
      local.seen = { history: null, version: 0 }
      local.sentVersion = 0
    }
    for (const channel of this.#channels.values()) channel.tellAnew()
  }
}

const nameOf = ({ process, instance }: RosterEntry) => `${process}/${instance}`
