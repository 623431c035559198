import { processName } from '../../model/publisher-identity.ts'
import { randomId } from '../../base/random.ts'
import type { Clock } from '../../base/clock.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { NodeState, ProcessSnapshot } from '../../model/cluster-snapshot.ts'
import type { NodeMode, Registration, RosterEntry } from '../../model/roster-entry.ts'
import type {
  ClusterMessage,
  HereMessage,
  RegisterMessage,
  SeenRoster,
} from '../../registration/registration-message.ts'
import type { OnClusterEvent } from '../cluster-event.ts'
import type { LocalProcess } from './local-process.ts'
import { processSnapshot, remoteProcessSnapshot } from './local-process.ts'
import type { RosterWhisper, SeenWhisper, Whisper } from '../membership/whisper.ts'
import { LinkedNodes } from './linked-nodes.ts'
import { NewsOfProcesses } from './news-of-processes.ts'
import { Pace } from './pace.ts'
import type { PortPool } from '../bus/port-pool.ts'
import type { RegisterOutcome } from './registry.ts'
import { Registry } from './registry.ts'
import { shownEntries } from '../../registration/process-snapshot.ts'
import { portsOf } from '../../registration/zeromq-place.ts'
import { RateLimit } from '../../base/rate-limit.ts'
import { ReachReport } from './reach-report.ts'
import type { RosterGain } from './remote-roster.ts'
import type { RosterFile } from './roster-file.ts'
import { assumedRegistration } from './roster-file.ts'
import { RosterKeeping } from './roster-keeping.ts'
import type { SavedEntry } from './roster.ts'
import { tellRoster } from './roster-telling.ts'
import { gapsOf, Roster } from './roster.ts'
import { Settling } from './settling.ts'

/**
 * Added to the version of the last run: what that run told after its last write must not be told
 * again under the same numbers.
 */
export const restartStride = 1_000_000

/** What comes while the file was written and all were told waits so many times as long as that took, and at most so long, milliseconds: well below the second after which a registration is repeated. */
const flushPaceTimes = 2
const mostFlushWaitMs = 300

/** Least time between two warnings of one kind, milliseconds: what cannot be told is tried again every second. */
const warnIntervalMs = 60_000

/** Least time between two rounds in which all connections are touched, milliseconds: each wakes every process. */
const touchIntervalMs = 100

export interface ClusterRosterOptions {
  readonly node: string
  readonly mode: NodeMode
  readonly ports: PortPool
  readonly listening: () => ReadonlySet<number>
  readonly file: RosterFile
  readonly clock: Clock
  /** The other nodes. */
  readonly linkedNodes: readonly string[]
  /** Nodes come and go, and those of the last run may come back. Default: no. */
  readonly comeAndGo?: boolean
  readonly toProcess: (route: string, message: ClusterMessage) => void
  readonly toNode: (node: string, whisper: Whisper) => void
  readonly on: OnClusterEvent
}

type Refusal = Extract<RegisterOutcome, { type: 'refused' }>

interface Acknowledgement {
  readonly process: LocalProcess
  readonly route: string
  readonly id: number
}

/**
 * The roster plane of one node: takes registrations and the other nodes' rosters, keeps the file,
 * and tells everybody what changed. What one turn of the event loop brings is kept and told at once.
 */
export class ClusterRoster {
  readonly roster: Roster
  readonly registry: Registry
  readonly #options: ClusterRosterOptions
  readonly #settling: Settling
  readonly #reach: ReachReport
  readonly #keeping: RosterKeeping
  readonly nodes: LinkedNodes
  readonly news: NewsOfProcesses
  #acknowledgements: Acknowledgement[] = []
  #flushing = false
  readonly #pace = new Pace(flushPaceTimes, mostFlushWaitMs)
  /** Some connection has ended since all were asked. */
  #isConnectionMissing = false
  readonly #warnings = new RateLimit(warnIntervalMs)
  #touchedAt = -Infinity

  constructor(options: ClusterRosterOptions) {
    this.#options = options
    const { node, file, on, clock } = options
    this.#keeping = new RosterKeeping(file, on)
    this.news = new NewsOfProcesses(clock, on)
    const usable = this.#keeping.load()
    const version = usable ? usable.version + restartStride : 0
    const history = usable?.history ?? randomId()
    const gaps = usable ? gapsOf(usable, version) : []
    this.roster = new Roster(node, history, version, usable?.forgotten, gaps)
    this.registry = new Registry({
      ...options,
      roster: this.roster,
      ask: (route) => this.#tell(route, { type: 'ask', answer: true }),
      now: clock.now(),
    })
    const saved = [...(usable?.processes ?? []), ...(usable?.endings ?? [])]
    for (const each of saved.toSorted((one, other) => one.version - other.version))
      this.roster.restore(each, clock.now())
    const awaited = this.#adopt(usable?.processes ?? [])
    const kept = usable?.others ?? []
    const comers = options.comeAndGo ? kept.map((each) => each.node) : []
    const nodes = [...options.linkedNodes, ...comers]
    const isLinked = options.comeAndGo || nodes.length > 0
    const settling = new Settling(awaited, nodes, clock.now())
    this.#settling = settling
    this.#reach = new ReachReport(on)
    const toNode = (other: string, whisper: Whisper) =>
      this.#guarded(() => options.toNode(other, whisper))
    const own = this.roster
    this.nodes = new LinkedNodes({ nodes, own, toNode, kept, settling, isLinked })
  }

  register(route: string | null, message: RegisterMessage): void {
    // Who begins to wait, or is refused, changes nothing for those that wait: a thousand of them are not looked at for each.
    if (this.#register(route, message) === 'registered') this.#registerWaiting()
  }

  #register(route: string | null, message: RegisterMessage): RegisterOutcome['type'] {
    const now = this.#options.clock.now()
    const { registration } = message
    const { incarnation, pid, state } = registration
    const outcome = this.registry.register(message, route, now)
    this.#reportEnds()
    if (outcome.type === 'refused') this.#refuse(route, registration, outcome)
    if (outcome.type === 'waiting') {
      if (outcome.isNew) this.news.say(registration, 'waiting', outcome.message)
      if (route !== null) this.#tell(route, { type: 'wait', message: outcome.message })
    }
    if (outcome.type !== 'registered') return outcome.type
    this.#settling.processHeard(incarnation)
    const local = outcome.process
    this.#judge(message.seen)
    if (message.seen.history !== this.roster.history) local.seen = { history: null, version: 0 }
    local.sentVersion = local.seen.version
    if (outcome.news !== null) this.news.say(registration, outcome.news, `pid ${pid}`)
    if (state === 'ended') this.news.say(registration, 'ended', 'it said so')
    if (route !== null) this.#acknowledgements.push({ process: local, route, id: message.id })
    // It shall know that it was heard, also while many come at once and the file is written slowly.
    if (route !== null && this.#pace.waitMs(now) > 0) this.#touch(route)
    this.#flushSoon()
    return outcome.type
  }

  here(route: string, { incarnation }: HereMessage): void {
    this.registry.here(incarnation, route, this.#options.clock.now())
    this.#registerWaiting()
  }

  /** A message could be sent on it. */
  connectionIsOpen(route: string): void {
    this.registry.connectionIsOpen(route)
  }

  /** A message could not be sent on it: it has ended. */
  connectionGone(route: string): void {
    this.registry.connectionEnded(route, this.#options.clock.now())
    this.#registerWaiting()
  }

  /** Some connection has ended: whose it was, sending on each of them tells. */
  connectionEnded(): void {
    if (this.#options.clock.now() - this.#touchedAt >= touchIntervalMs) this.#touchAll()
    // The word of the end may come before the socket knows it: once more from the tick.
    this.#isConnectionMissing = true
  }

  /** A node has begun a life, or is heard again: both sides ask. */
  nodeBegan(node: string): void {
    this.nodes.get(node)?.begin()
  }

  nodeState(node: string, state: NodeState): void {
    const channel = this.nodes.get(node)
    if (!channel || state === 'suspect') return
    this.#put(state === 'alive' ? channel.remote.found() : channel.remote.lost())
    if (state === 'alive') channel.ask()
    if (state === 'gone') this.#settling.nodeLost(node)
    else if (channel.remote.complete) this.#settling.nodeHeard(node)
    this.#flushSoon()
  }

  whispered(node: string, whisper: RosterWhisper | SeenWhisper): void {
    const channel = this.nodes.get(node)
    if (!channel) return
    const now = this.#options.clock.now()
    if (whisper.type === 'seen') {
      this.#judge(whisper.seen)
      // Nothing is told before it is kept.
      this.#save()
      return channel.answer(whisper.seen, now)
    }
    this.#gain(channel.take(whisper, now))
    const { history, complete } = channel.remote
    if (history !== null) this.roster.setHistory(node, history)
    if (complete) this.#settling.nodeHeard(node)
    this.#flushSoon()
  }

  /** Several times a second: who has died is told at once. `late`: how long this process stood still. */
  tick(late: number): void {
    const now = this.#options.clock.now()
    if (this.#isConnectionMissing && now - this.#touchedAt >= touchIntervalMs) this.#touchAll()
    this.registry.tick(now, late)
    for (const route of this.registry.endedRoutes()) this.#touch(route)
    this.#reportEnds()
    this.#registerWaiting()
    this.news.tick()
    for (const gain of this.nodes.tick(now)) this.#gain(gain)
    if (this.#pace.waitMs(now) > 0) return
    // Told before it is forgotten: who is here has missed nothing.
    this.flush()
    this.roster.expire(now)
    this.nodes.keepOnly((incarnation) => this.roster.get(incarnation) !== undefined)
  }

  /** Every second: each other node is asked for what is new. */
  askNodes(): void {
    this.nodes.ask()
  }

  /** Keeps, then tells: a process that has been told is in the file. */
  flush(): void {
    this.#flushing = false
    const now = this.#options.clock.now()
    const { settled, unreachable } = this.#settling.state(now)
    this.roster.settle(settled, unreachable)
    this.#reach.take(unreachable)
    this.#save()
    for (const { process, route, id } of this.#acknowledgements.splice(0)) {
      const { processPort } = portsOf(process.registration.place)
      const linked = this.nodes.isLinked
      this.#tell(route, { type: 'registered', id, processPort, linked })
    }
    tellRoster(this.registry.processes(), this.roster, now, (route, message) =>
      this.#tell(route, message),
    )
    this.nodes.tell(now)
    this.#pace.took(now, this.#options.clock.now())
  }

  /** The processes of one node, as `mon` shows them. */
  processes(node: string): ProcessSnapshot[] {
    const known = this.roster.entries().filter((entry) => entry.node === node)
    return shownEntries(known).map((entry) => {
      const local = this.registry.get(entry.incarnation)
      return local ? processSnapshot(local) : remoteProcessSnapshot(entry)
    })
  }

  /** Whoever was GENESIS_CLUSTER in the last run is no more: its ports are ours. */
  #adopt(processes: readonly SavedEntry[]): Map<string, string> {
    const now = this.#options.clock.now()
    const awaited = new Map<string, string>()
    for (const { entry } of processes) {
      if (entry.state === 'ended') continue
      if (entry.role === 'cluster') {
        // The intake of foreign programs may have numbered more than it could say.
        const last = entry.publishes.length === 0 ? [] : null
        this.roster.put({ ...entry, state: 'ended', last }, now)
        continue
      }
      const local = this.registry.adopt(assumedRegistration(entry), now)
      local.state = entry.state
      awaited.set(entry.incarnation, processName(entry))
    }
    return awaited
  }

  #refuse(route: string | null, registration: Registration, refusal: Refusal): void {
    const { type, code, message } = refusal
    this.news.say(registration, 'refused', message)
    if (route === null) throw new TidingsError(code, message)
    this.#tell(route, { type, code, message })
  }

  /** Those that waited for a name whose bearer has answered, has ended, or has not answered in time. */
  #registerWaiting(): void {
    const now = this.#options.clock.now()
    for (let claim = this.registry.readyClaim(now); claim; claim = this.registry.readyClaim(now))
      this.#register(claim.route, claim.message)
  }

  #touchAll(): void {
    this.#isConnectionMissing = false
    this.#touchedAt = this.#options.clock.now()
    for (const route of this.registry.routes()) this.#touch(route)
  }

  /** Says something that asks for no answer: whether it can be sent tells whether the connection stands. */
  #touch(route: string): void {
    this.#tell(route, touch)
  }

  #gain({ entries, letGo, forgot }: RosterGain): void {
    const now = this.#options.clock.now()
    this.#put(entries)
    for (const incarnation of letGo) this.roster.letGo(incarnation, now)
    if (forgot) this.roster.noteForgotten()
  }

  #put(entries: Iterable<RosterEntry>): void {
    const now = this.#options.clock.now()
    let changed = false
    for (const entry of entries) {
      if (!this.roster.put(entry, now)) continue
      changed = true
      if (entry.state === 'ended') this.#keeping.noteEnding()
    }
    if (changed) this.#flushSoon()
  }

  #reportEnds(): void {
    for (const { process: local, state, why, farewell } of this.registry.takeEnds()) {
      const { registration, route } = local
      if (state === 'ended') this.#settling.processHeard(registration.incarnation)
      this.news.say(registration, state, why)
      if (farewell !== null && route !== null)
        this.#tell(route, { type: 'refused', code: 'NAME_TAKEN', message: farewell })
      this.#flushSoon()
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    const run = () => this.#guarded(() => this.#flushing && this.flush())
    const wait = this.#pace.waitMs(this.#options.clock.now())
    if (wait > 0) this.#options.clock.after(wait, run)
    else setImmediate(run)
  }

  #tell(route: string, message: ClusterMessage): void {
    this.#guarded(() => this.#options.toProcess(route, message))
  }

  /** What is too long for a message is said to the operator: nobody else can do anything about it. */
  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      const { code, message } = TidingsError.from(error)
      if (this.#warnings.admits(code, this.#options.clock.now()))
        this.#options.on({ type: 'warning', message })
    }
  }

  #save(): void {
    const now = this.#options.clock.now()
    const outcome = this.#keeping.keep(this.roster, () => this.nodes.known(), now)
    if (outcome === 'begin-anew') this.#beginHistory()
  }

  /** Who knows more than our file has shows that it is an older one, out of a backup perhaps. */
  #judge({ history, kept = 0 }: SeenRoster): void {
    if (history !== this.roster.history || this.roster.hasKept(kept)) return
    const message =
      'the roster file is older than what was told of it, as one out of a backup is: a new history begins, and subscribers are told a loss roster-lost'
    this.#options.on({ type: 'warning', message })
    this.#beginHistory()
    this.#flushSoon()
  }

  /** What is told under the old history could not be told from what its file says. */
  #beginHistory(): void {
    this.roster.beginHistory(randomId())
    for (const local of this.registry.processes()) {
      local.seen = { history: null, version: 0 }
      local.sentVersion = 0
    }
    this.nodes.tellAnew(this.#options.clock.now())
  }
}

const touch: ClusterMessage = { type: 'ask', answer: false }
